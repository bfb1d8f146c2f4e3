package gateway

import (
	"context"
	"net/http"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"

	"github.com/keyreeve/keyreeve/internal/verify"
)

// Context extensions of an Envoy route: the kinds of keys that it lets in, and
// the model that it serves. They are the operator's: a client cannot set them.
const (
	kindsExtension = "kind"
	modelExtension = "model"
)

// extAuthz answers Envoy's ext_authz over gRPC.
type extAuthz struct {
	authv3.UnimplementedAuthorizationServer
	gate *Gate
}

// Check implements envoy.service.auth.v3.Authorization. The verdict is in the
// response and never an error, since Envoy may be set to let requests through
// on errors.
func (a extAuthz) Check(_ context.Context, request *authv3.CheckRequest) (response *authv3.CheckResponse, _ error) {
	defer func() {
		if p := recover(); p != nil {
			a.gate.panicked(p)
			response = denied(internal)
		}
	}()
	attributes := request.GetAttributes()
	ask := Ask{Kinds: verify.AnyKind, Model: attributes.GetContextExtensions()[modelExtension]}
	if text, restricts := attributes.GetContextExtensions()[kindsExtension]; restricts {
		var err error
		if ask.Kinds, err = verify.ParseKinds(text); err != nil || text == "" {
			return denied(badKinds), nil
		}
	}
	header := envoyHeader{attributes.GetRequest().GetHttp()}
	d, refusal := a.gate.Decide(header, ask)
	if refusal != nil {
		return denied(refusal), nil
	}
	return a.gate.allowed(d), nil
}

// allowed sets the identity headers that have a value and removes the others,
// so that none of the client's gets past, and removes the key.
func (g *Gate) allowed(d verify.Decision) *authv3.CheckResponse {
	ok := &authv3.OkHttpResponse{HeadersToRemove: g.removed(&d)}
	for i := range identity {
		if value := identity[i].field.appendTo(nil, &d); len(value) > 0 {
			ok.Headers = append(ok.Headers, envoySet(identity[i].lower, string(value)))
		}
	}
	if d.Grace { // told to the client, as over HTTP
		ok.ResponseHeadersToAdd = append(ok.ResponseHeadersToAdd, envoySet(headerStale, staleGrace))
	}
	return &authv3.CheckResponse{
		Status:       &statuspb.Status{Code: int32(codes.OK)},
		HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: ok},
	}
}

func denied(r *Refusal) *authv3.CheckResponse {
	answer := &authv3.DeniedHttpResponse{
		Status: &typev3.HttpStatus{Code: typev3.StatusCode(r.Status)},
		Body:   string(r.Body),
	}
	for name, value := range r.each {
		answer.Headers = append(answer.Headers, envoySet(strings.ToLower(name), value))
	}
	return &authv3.CheckResponse{
		Status:       &statuspb.Status{Code: int32(codeOf(r.Status)), Message: r.Reason},
		HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: answer},
	}
}

// envoySet puts a header in the place of all of its name.
func envoySet(name, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{
		Header:       &corev3.HeaderValue{Key: name, Value: value},
		AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
}

func codeOf(status int) codes.Code {
	switch status {
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case http.StatusServiceUnavailable:
		return codes.Unavailable
	case http.StatusBadRequest:
		return codes.InvalidArgument
	default:
		return codes.Internal
	}
}

// envoyHeader is a Header of Envoy's, which lower-cases names. By default it
// joins the values of a name by commas; told to encode_raw_headers it sends each
// in a list instead.
type envoyHeader struct {
	*authv3.AttributeContext_HttpRequest
}

// First implements Header. A name that is in both places with different values
// came twice.
func (h envoyHeader) First(name Name) (value string, count int) {
	for _, header := range h.GetHeaderMap().GetHeaders() {
		if !strings.EqualFold(header.GetKey(), name.Lower) {
			continue
		}
		count++
		if count == 1 {
			value = header.GetValue()
			if raw := header.GetRawValue(); len(raw) > 0 {
				value = string(raw)
			}
		}
	}
	for key, joined := range h.GetHeaders() {
		if strings.EqualFold(key, name.Lower) && !(count == 1 && joined == value) {
			value = joined
			count++
		}
	}
	return value, count
}
