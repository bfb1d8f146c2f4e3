package gateway

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/keyreeve/keyreeve/internal/apierror"
	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// Introspection is the answer of RFC 7662, section 2.2. Of a key that is not
// good only Active is sent.
type Introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitzero"`
	ClientID  string `json:"client_id,omitzero"` // id of the key
	Subject   string `json:"sub,omitzero"`       // id of its owner
	ExpiresAt int64  `json:"exp,omitzero"`       // Unix seconds; absent: never
	IssuedAt  int64  `json:"iat,omitzero"`       // Unix seconds
	TokenType string `json:"token_type,omitzero"`

	// Of our own, as section 2.2 allows.
	Kind      string `json:"keyreeve_kind,omitzero"` // admin, project, service_account
	OwnerType string `json:"keyreeve_owner_type,omitzero"`
	ProjectID string `json:"keyreeve_project_id,omitzero"`
}

// Scopes of an introspected key.
const (
	scopeRead  = "api.management.read"
	scopeWrite = "api.management.write"
	scopeModel = "model.request"
)

// introspect answers a form about one key. caller is the header of whoever
// asks, nil where the listener is trusted to have admitted only gateways: who
// it is comes before what is wrong with the form.
func (g *Gate) introspect(contentType string, form []byte, caller Header) (body []byte, refusal *Refusal) {
	values, bad := readForm(contentType, form)
	if caller != nil {
		if refusal := g.admit(caller, values.Get("client_secret")); refusal != nil {
			return nil, refusal
		}
	}
	if bad != nil {
		return nil, bad
	}
	if values.Get("token") == "" {
		return nil, badForm("it must hold token")
	}
	ask := Ask{Kinds: verify.AnyKind, Model: values.Get("model")}
	d, wait := g.verify(values.Get("token"), ask)
	switch d.Outcome {
	case verify.Stale:
		return nil, unavailable
	case verify.Limited:
		return nil, refuseLimited(ask, wait)
	default:
	}
	body, err := json.Marshal(describe(d))
	if err != nil {
		panic("gateway: encode introspection: " + err.Error())
	}
	return body, nil
}

// readForm reads a form that holds no parameter twice (RFC 6749, section 3.2).
func readForm(contentType string, form []byte) (url.Values, *Refusal) {
	kind, _, _ := strings.Cut(contentType, ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return nil, badForm("send it as application/x-www-form-urlencoded")
	}
	values, err := url.ParseQuery(string(form))
	if err != nil {
		return nil, badForm("it cannot be decoded")
	}
	for _, several := range values {
		if len(several) > 1 {
			return nil, badForm("it must hold no parameter twice")
		}
	}
	return values, nil
}

// admit checks the admin key of whoever introspects: as a bearer key, as the
// password of Basic authentication with any name, or as client_secret, since
// frameworks that speak introspection know these ways (RFC 6749, section
// 2.3.1).
func (g *Gate) admit(caller Header, secret string) *Refusal {
	value, count := caller.First(authorization)
	if count > 1 {
		return ambiguousKey
	}
	key, ok := token.Bearer(value)
	if !ok {
		key, ok = basicPassword(value)
	}
	switch {
	case ok && secret != "" && secret != key:
		return ambiguousKey
	case !ok:
		key = secret
	}
	if key == "" {
		return missingKey
	}
	_, refusal := g.decideKey(key, Ask{Kinds: verify.OnlyKind(token.KindAdmin)})
	return refusal
}

func basicPassword(header string) (string, bool) {
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", false
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return "", false
	}
	_, password, ok := strings.Cut(string(text), ":")
	if plain, err := url.QueryUnescape(password); err == nil { // RFC 6749 has it form-encoded
		password = plain
	}
	return password, ok && password != ""
}

func describe(d verify.Decision) Introspection {
	if d.Outcome != verify.Allowed {
		return Introspection{}
	}
	scope := scopeModel
	if d.Kind() == token.KindAdmin {
		scope = scopeRead
		if d.OwnerRole() == "owner" {
			scope += " " + scopeWrite
		}
	}
	return Introspection{
		Active: true, Scope: scope, ClientID: d.KeyID(), Subject: d.OwnerID(),
		ExpiresAt: d.ExpiresAt(), IssuedAt: d.CreatedAt(), TokenType: "Bearer",
		Kind: d.Kind().String(), OwnerType: d.OwnerType().String(), ProjectID: d.ProjectID(),
	}
}

func badForm(why string) *Refusal {
	return badRequest(http.StatusBadRequest, "Invalid introspection request: "+why+".")
}

// wrongMethod answers an introspection that is not a POST.
var wrongMethod = newRefusal(http.StatusMethodNotAllowed, reasonBadRequest, apierror.WrongMethod("POST "+PathIntrospect))
