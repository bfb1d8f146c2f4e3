package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
	"github.com/keyreeve/keyreeve/internal/token"
)

// whose answers with whose key it was let in by.
var whose = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	v, ok := client.VerificationFrom(r.Context())
	if !ok {
		http.Error(w, "no verification", http.StatusInternalServerError)
		return
	}
	_, _ = w.Write([]byte(v.KeyID + " of " + v.ProjectID))
})

func TestMiddleware(t *testing.T) {
	t.Parallel()
	g := newGate(true)
	project, admin := g.add(token.KindProject, nil), g.add(token.KindAdmin, nil)
	unknown := mint(token.KindProject).Reveal()
	const (
		plain   = `Bearer realm="keyreeve"`
		invalid = plain + `, error="invalid_token"`
		request = api.ErrorTypeInvalidRequest
	)
	h := verifier(t, g.handler).Middleware(client.KindProject, client.KindServiceAccount)(whose)
	for _, tt := range []struct {
		name          string
		authorization []string
		status        int
		challenge     string
		code          string // and "" for null
	}{
		{"good", []string{"Bearer " + project}, 200, "", ""},
		{"scheme in small letters", []string{"bearer  " + project}, 200, "", ""},
		{"no header", nil, 401, plain, ""},
		{"empty header", []string{""}, 401, plain, ""},
		{"no key", []string{"Bearer "}, 401, plain, ""},
		{"another scheme", []string{"Basic " + project}, 401, plain, ""},
		{"no scheme", []string{project}, 401, plain, ""},
		{"two headers", []string{"Bearer " + project, "Bearer " + project}, 401, plain, ""},
		{"two keys in one", []string{"Bearer " + project + ", Bearer " + project}, 401, plain, ""},
		{"something behind it", []string{"Bearer " + project + " x"}, 401, invalid, api.CodeInvalidAPIKey},
		{"unknown", []string{"Bearer " + unknown}, 401, invalid, api.CodeInvalidAPIKey},
		{"junk", []string{"Bearer \x01"}, 401, invalid, api.CodeInvalidAPIKey},
		{"another kind", []string{"Bearer " + admin}, 403, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", http.NoBody)
			r.Header["Authorization"] = tt.authorization
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Fatalf("status %d, want %d", w.Code, tt.status)
			}
			if tt.status == http.StatusOK {
				if diff := cmp.Diff(gateKey+" of proj_1", w.Body.String()); diff != "" {
					t.Errorf("whose key (-want +got):\n%s", diff)
				}
				return
			}
			mustRefuse(t, w, tt.challenge, request, tt.code)
			if body := w.Body.String(); strings.Contains(body, project) || strings.Contains(body, unknown) {
				t.Error("the answer shows the key")
			}
		})
	}
}

// mustRefuse demands an error in OpenAI's form.
func mustRefuse(t *testing.T, w *httptest.ResponseRecorder, challenge, errorType, code string) {
	t.Helper()
	var body api.ErrorResponse
	if err := json.Unmarshal(w.Body.Bytes(), &body, json.RejectUnknownMembers(true)); err != nil {
		t.Fatal(err)
	}
	if body.Error.Message == "" {
		t.Error("no message")
	}
	want := api.Error{Message: body.Error.Message, Type: errorType}
	if code != "" {
		want.Code = &code
	}
	if diff := cmp.Diff(want, body.Error); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	got := map[string]string{}
	for _, name := range []string{"Content-Type", "Cache-Control", "X-Content-Type-Options", "Www-Authenticate"} {
		got[name] = w.Header().Get(name)
	}
	if diff := cmp.Diff(map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Www-Authenticate": challenge,
	}, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestMiddlewareFailsClosedAndTellsTheOperator(t *testing.T) {
	t.Parallel()
	g := newGate(true)
	key := g.add(token.KindProject, nil)
	g.index.Reset()
	var told []error
	v := verifier(t, g.handler, client.WithErrorFunc(func(_ context.Context, err error) { told = append(told, err) }))
	h := v.Middleware()(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request was let in") }))

	ask := func(ctx context.Context) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody).WithContext(ctx)
		r.Header.Set("Authorization", "Bearer "+key)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	w := ask(t.Context())
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" {
		t.Errorf("status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	mustRefuse(t, w, "", api.ErrorTypeServer, api.CodeStorageUnavailable)
	if len(told) != 1 || asError(t, told[0]).Status != 503 {
		t.Errorf("told %v", told)
	}

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if w := ask(gone); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a caller that went away: status %d", w.Code)
	}
	if len(told) != 1 {
		t.Errorf("told of a caller that went away: %v", told[1:])
	}
}

func TestMiddlewarePanicsOnUnknownKinds(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	verifier(t, newGate(true).handler).Middleware("projects")
}

func TestVerificationFromElsewhere(t *testing.T) {
	t.Parallel()
	if v, ok := client.VerificationFrom(t.Context()); ok || v != (client.Verification{}) {
		t.Errorf("got %+v, %v", v, ok)
	}
}
