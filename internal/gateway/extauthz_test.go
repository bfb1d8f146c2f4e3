package gateway_test

import (
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/keyreeve/keyreeve/internal/gateway"
)

// envoy returns a client of a gate's gRPC server on a loopback listener.
func envoy(tb testing.TB, f *fixture) authv3.AuthorizationClient {
	tb.Helper()
	return authv3.NewAuthorizationClient(dialGRPC(tb, f))
}

func dialGRPC(tb testing.TB, f *fixture) *grpc.ClientConn {
	tb.Helper()
	l := listen(tb)
	server := gateway.NewGRPCServer(f.gate)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		<-done
	})
	return conn
}

func TestHealthOverGRPC(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	client := healthv1.NewHealthClient(dialGRPC(t, f))
	ask := func(service string) (healthv1.HealthCheckResponse_ServingStatus, codes.Code) {
		answer, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{Service: service})
		return answer.GetStatus(), status.Code(err)
	}
	for _, service := range []string{"", "envoy.service.auth.v3.Authorization"} {
		if got, code := ask(service); got != healthv1.HealthCheckResponse_SERVING || code != codes.OK {
			t.Errorf("%q: %v %v", service, got, code)
		}
	}
	if _, code := ask("other"); code != codes.NotFound {
		t.Errorf("a service that is none: %v", code)
	}
	f.index.Reset()
	if got, code := ask(""); got != healthv1.HealthCheckResponse_NOT_SERVING || code != codes.OK {
		t.Errorf("without an index: %v %v", got, code)
	}
}

// check makes a request as Envoy does: "name: value|…", either joined into a
// map or, with raw, one by one.
func check(header, kinds string, raw bool) *authv3.CheckRequest {
	request := &authv3.AttributeContext_HttpRequest{Method: "POST", Path: "/v1/models?kind=admin", Headers: map[string]string{}}
	for line := range strings.SplitSeq(header, "|") {
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case name == "":
		case raw:
			request.Headers = nil
			if request.HeaderMap == nil {
				request.HeaderMap = &corev3.HeaderMap{}
			}
			request.HeaderMap.Headers = append(request.HeaderMap.Headers, &corev3.HeaderValue{Key: name, RawValue: []byte(value)})
		case request.Headers[name] != "":
			request.Headers[name] += "," + value
		default:
			request.Headers[name] = value
		}
	}
	attributes := &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{Http: request}}
	if kinds != "-" {
		attributes.ContextExtensions = map[string]string{"kind": kinds, "other": "x"}
	}
	return &authv3.CheckRequest{Attributes: attributes}
}

// verdict is a response of the gRPC service in short.
type verdict struct {
	Code   codes.Code
	Status int               // of a denial
	Header map[string]string // set on the request, or of the denial
	Remove string
	Body   string
}

func verdictOf(tb testing.TB, r *authv3.CheckResponse) verdict {
	tb.Helper()
	v := verdict{Code: codes.Code(r.GetStatus().GetCode()), Header: map[string]string{}}
	options := r.GetOkResponse().GetHeaders()
	if denied := r.GetDeniedResponse(); denied != nil {
		v.Status, v.Body = int(denied.GetStatus().GetCode()), denied.GetBody()
		options = denied.GetHeaders()
	}
	for _, o := range options {
		if o.GetAppendAction() != corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD {
			tb.Errorf("%s is appended by %s", o.GetHeader().GetKey(), o.GetAppendAction())
		}
		v.Header[o.GetHeader().GetKey()] = o.GetHeader().GetValue()
	}
	v.Remove = strings.Join(r.GetOkResponse().GetHeadersToRemove(), " ")
	return v
}

func deniedHeader(reason string, more ...string) map[string]string {
	h := map[string]string{}
	for name, value := range refusalHeader(reason, more...) {
		h[strings.ToLower(name)] = value
	}
	return h
}

func TestEnvoyIsAnswered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	client := envoy(t, f)
	const keys = "authorization x-api-key api-key"
	admin := verdict{Header: map[string]string{
		"x-keyreeve-key-id": adminID, "x-keyreeve-owner-id": "user_owner", "x-keyreeve-owner-type": "user", "x-keyreeve-kind": "admin",
	}, Remove: keys + " x-keyreeve-project-id x-keyreeve-expires-at"}
	project := verdict{Header: map[string]string{
		"x-keyreeve-key-id": projectID, "x-keyreeve-owner-id": "user_reader", "x-keyreeve-owner-type": "user", "x-keyreeve-kind": "project",
		"x-keyreeve-project-id": "proj_1", "x-keyreeve-expires-at": "1752001001",
	}, Remove: keys}
	challenge := `Bearer realm="keyreeve"`
	missing := verdict{codes.Unauthenticated, 401, deniedHeader("missing_key", "www-authenticate", challenge), "", missingBody}
	ambiguous := verdict{codes.Unauthenticated, 401, deniedHeader("ambiguous_key", "www-authenticate", challenge), "", ambiguousBody}
	invalid := verdict{codes.Unauthenticated, 401, deniedHeader("invalid_api_key", "www-authenticate", challenge+`, error="invalid_token"`), "", f.fill(incorrectBody)}
	wrong := verdict{codes.PermissionDenied, 403, deniedHeader("wrong_kind"), "", wrongKindBody}
	misused := verdict{codes.InvalidArgument, 400, deniedHeader("bad_request"), "", strings.Replace(badQueryBody, "query: kind may stand in it once, as", "context extension: kind must be", 1)}
	for _, test := range []struct {
		name, header, kinds string
		want                verdict
	}{
		{"admin key", "authorization: Bearer {admin}", "-", admin},
		{"project key", "x-api-key: {project}", "project", project},
		{"any of two kinds", "api-key: {project}", "admin,project", project},
		{"the same key in two headers", "x-api-key: {project}|authorization: Bearer {project}", "-", project},
		{"identity made up", "authorization: Bearer {admin}|x-keyreeve-project-id: proj_1|x-keyreeve-kind: project", "admin", admin},
		{"no key", "accept: */*", "-", missing},
		{"nothing", "", "-", missing},
		{"two keys", "x-api-key: {project}|authorization: Bearer {admin}", "-", ambiguous},
		{"a header twice", "authorization: Bearer {admin}|authorization: Bearer {admin}", "-", ambiguous},
		{"a header with two keys", "x-api-key: {admin}|x-api-key: {project}", "-", ambiguous},
		{"unknown key", "x-api-key: {stranger}", "-", invalid},
		{"wrong kind", "x-api-key: {project}", "admin", wrong},
		{"no such kind", "x-api-key: {project}", "root", misused},
		{"empty kind", "x-api-key: {project}", "", misused},
	} {
		for _, raw := range []bool{false, true} {
			response, err := client.Check(t.Context(), check(f.fill(test.header), test.kinds, raw))
			if err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
			if diff := cmp.Diff(test.want, verdictOf(t, response)); diff != "" {
				t.Errorf("%s, raw %t (-want +got):\n%s", test.name, raw, diff)
			}
		}
	}
}

func TestEnvoyIsDeniedWhileNothingIsKnown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	client := envoy(t, f)
	f.index.Reset()
	response, err := client.Check(t.Context(), check(f.fill("x-api-key: {admin}"), "-", false))
	want := verdict{codes.Unavailable, 503, deniedHeader("unavailable", "retry-after", "1"), "", staleBody}
	if diff := cmp.Diff(want, verdictOf(t, response)); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestEnvoyWithoutARequestIsDenied(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	client := envoy(t, f)
	for _, request := range []*authv3.CheckRequest{{}, {Attributes: &authv3.AttributeContext{}}} {
		response, err := client.Check(t.Context(), request)
		if err != nil || verdictOf(t, response).Status != 401 {
			t.Errorf("%v, %v", response, err)
		}
	}
}

// A header in both places is one if it says the same.
func TestEnvoyHeadersInBothPlaces(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	client := envoy(t, f)
	for other, want := range map[string]codes.Code{f.admin: codes.OK, f.project: codes.Unauthenticated} {
		request := check("x-api-key: "+f.admin, "-", true)
		request.Attributes.Request.Http.Headers = map[string]string{"x-api-key": other}
		response, err := client.Check(t.Context(), request)
		if err != nil || verdictOf(t, response).Code != want {
			t.Errorf("%v, %v, want %s", response.GetStatus(), err, want)
		}
	}
}

func TestHugeChecksAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	client := envoy(t, f)
	long := strings.Repeat("x", 60<<10) // what Envoy lets pass
	if r, err := client.Check(t.Context(), check(f.fill("x-api-key: {admin}|cookie: ")+long, "-", false)); err != nil || r.GetOkResponse() == nil {
		t.Errorf("60 KiB: %v", err)
	}
	_, err := client.Check(t.Context(), check(f.fill("x-api-key: {admin}|cookie: ")+long+long+long, "-", false))
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("180 KiB: %v", err)
	}
}

// FuzzExtAuthzMessage feeds the gRPC service messages from the wire: it never
// fails, lets nothing in but a good key, and repeats nothing that it was told.
// Messages name keys by placeholders, so that the corpus holds none.
func FuzzExtAuthzMessage(f *testing.F) {
	x := newFixture(f)
	server := directly(f, x)
	for _, raw := range []bool{false, true} {
		for _, header := range []string{
			"authorization: Bearer {admin}", "x-api-key: {project}|api-key: {project}", "x-api-key: {admin}|x-api-key: {admin}",
			"authorization: Basic x|x-keyreeve-key-id: x", "", "AUTHORIZATION: bearer {account}|X-Api-Key: {stranger}",
		} {
			message, err := proto.Marshal(check(header, "project", raw))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(message)
		}
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		var request authv3.CheckRequest
		if proto.Unmarshal(message, &request) != nil {
			return
		}
		http := request.GetAttributes().GetRequest().GetHttp()
		for name, value := range http.GetHeaders() {
			http.Headers[name] = x.fill(value)
		}
		for _, header := range http.GetHeaderMap().GetHeaders() {
			header.Value, header.RawValue = x.fill(header.GetValue()), []byte(x.fill(string(header.GetRawValue())))
		}
		response, err := server.Check(t.Context(), &request)
		if err != nil {
			t.Fatal(err)
		}
		if s := response.String(); strings.Contains(s, x.admin[12:]) || strings.Contains(s, x.project[12:]) {
			t.Fatalf("repeats a key: %s", s)
		}
		v := verdictOf(t, response)
		good := map[string]bool{adminID: true, readerID: true, projectID: true, accountID: true}
		switch {
		case v.Code == codes.OK && v.Status == 0:
			if !good[v.Header["x-keyreeve-key-id"]] || !strings.HasPrefix(v.Remove, "authorization x-api-key api-key") || len(v.Header)+strings.Count(v.Remove, "x-keyreeve-") != 6 {
				t.Fatalf("let in: %+v", v)
			}
		case v.Code == codes.OK || v.Status != 400 && v.Status != 401 && v.Status != 403:
			t.Fatalf("denied: %+v", v)
		}
	})
}

// directly returns the service without a connection.
func directly(tb testing.TB, f *fixture) authv3.AuthorizationServer {
	tb.Helper()
	var r registrar
	f.gate.RegisterGRPC(&r)
	return r.server
}

type registrar struct{ server authv3.AuthorizationServer }

func (r *registrar) RegisterService(_ *grpc.ServiceDesc, server any) {
	if s, ok := server.(authv3.AuthorizationServer); ok {
		r.server = s
	}
}
