package client_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/client"
	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

func TestVerifyTellsWhoseKeyItIs(t *testing.T) {
	t.Parallel()
	g := newGate(true)
	v := verifier(t, g.handler)
	soon := time.Now().Add(time.Hour).Unix()
	g.apply(verify.OwnerChanged{Type: verify.OwnerUser, ID: "user_2", Role: "owner"})

	for _, tt := range []struct {
		name string
		key  string
		want client.Verification
	}{
		{"admin key of a reader", g.add(token.KindAdmin, nil), client.Verification{
			Outcome: client.Allowed, KeyID: gateKey, Kind: client.KindAdmin, OwnerID: "user_1", OwnerType: "user",
			Scope: "api.management.read", CreatedAt: gateCreated,
		}},
		{"admin key of an owner", g.add(token.KindAdmin, func(k *verify.KeyAdded) { k.ID, k.OwnerID = gateKey, "user_2" }), client.Verification{
			Outcome: client.Allowed, KeyID: gateKey, Kind: client.KindAdmin, OwnerID: "user_2", OwnerType: "user",
			Scope: "api.management.read api.management.write", CreatedAt: gateCreated,
		}},
		{"project key that expires", g.add(token.KindProject, func(k *verify.KeyAdded) { k.ID, k.ExpiresAt = gateKey, soon }), client.Verification{
			Outcome: client.Allowed, KeyID: gateKey, Kind: client.KindProject, OwnerID: "user_1", OwnerType: "user",
			ProjectID: "proj_1", Scope: "model.request", CreatedAt: gateCreated, ExpiresAt: soon,
		}},
		{"service account's key", g.add(token.KindServiceAccount, func(k *verify.KeyAdded) {
			k.ID, k.OwnerType, k.OwnerID = gateKey, verify.OwnerServiceAccount, "sa_1"
		}), client.Verification{
			Outcome: client.Allowed, KeyID: gateKey, Kind: client.KindServiceAccount, OwnerID: "sa_1", OwnerType: "service_account",
			ProjectID: "proj_1", Scope: "model.request", CreatedAt: gateCreated,
		}},
		{"unknown", mint(token.KindAdmin).Reveal(), client.Verification{Outcome: client.Inactive}},
		{"not a key", "a-password-of-somebody", client.Verification{Outcome: client.Inactive}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := v.Verify(t.Context(), tt.key)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("verification (-want +got):\n%s", diff)
			}
			if got.Allowed() != (tt.want.Outcome == client.Allowed) {
				t.Errorf("Allowed() = %v with outcome %q", got.Allowed(), got.Outcome)
			}
		})
	}
}

func TestKeyStopsAtOnceWithoutACache(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(g *gate, key string){
		"revoked": (*gate).revoke,
		"owner removed": func(g *gate, _ string) {
			g.apply(verify.OwnerChanged{Type: verify.OwnerUser, ID: "user_1", Removed: true})
		},
		"project archived": func(g *gate, _ string) { g.apply(verify.ProjectChanged{ID: "proj_1", Archived: true}) },
		"expired": func(g *gate, key string) {
			g.apply(verify.KeyAdded{
				ID: gateKey, Digest: token.Sum(key), Kind: token.KindProject,
				OwnerType: verify.OwnerUser, OwnerID: "user_1", ProjectID: "proj_1", ExpiresAt: time.Now().Unix(),
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(true)
			key := g.add(token.KindProject, nil)
			v := verifier(t, g.handler)
			if got := outcome(t, v, key); got != client.Allowed {
				t.Fatalf("before: %s", got)
			}
			stop(g, key)
			found, err := v.Verify(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if want := (client.Verification{Outcome: client.Inactive}); found != want {
				t.Errorf("after: %+v, want it inactive and nothing more", found)
			}
		})
	}
}

func TestKindsRestrict(t *testing.T) {
	t.Parallel()
	g := newGate(true)
	v := verifier(t, g.handler)
	project := g.add(token.KindProject, nil)
	for _, tt := range []struct {
		kinds []client.Kind
		want  client.Outcome
	}{
		{nil, client.Allowed},
		{[]client.Kind{client.KindProject}, client.Allowed},
		{[]client.Kind{client.KindServiceAccount, client.KindProject}, client.Allowed},
		{[]client.Kind{client.KindAdmin}, client.WrongKind},
		{[]client.Kind{client.KindAdmin, client.KindServiceAccount}, client.WrongKind},
	} {
		if got := outcome(t, v, project, tt.kinds...); got != tt.want {
			t.Errorf("of %v: %s, want %s", tt.kinds, got, tt.want)
		}
	}
	if got := outcome(t, v, mint(token.KindProject).Reveal(), client.KindAdmin); got != client.Inactive {
		t.Errorf("an unknown key of another kind: %s", got)
	}
}

func TestMainListenerWantsAnAdminKey(t *testing.T) {
	t.Parallel()
	g := newGate(false)
	admin, project := g.add(token.KindAdmin, nil), g.add(token.KindProject, nil)
	v := verifier(t, g.handler, client.WithAdminKey(admin))
	if got := outcome(t, v, project); got != client.Allowed {
		t.Errorf("with an admin key: %s", got)
	}
	for name, tt := range map[string]struct {
		opts   []client.VerifierOption
		status int
	}{
		"none":         {nil, 401},
		"unknown":      {[]client.VerifierOption{client.WithAdminKey(mint(token.KindAdmin).Reveal())}, 401},
		"of a project": {[]client.VerifierOption{client.WithAdminKey(project)}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := verifier(t, g.handler, tt.opts...).Verify(t.Context(), project)
			mustFail(t, found, err)
			if e := asError(t, err); e.Status != tt.status {
				t.Errorf("status %d, want %d", e.Status, tt.status)
			}
		})
	}
}

func TestJunkIsRefusedWithoutARequest(t *testing.T) {
	t.Parallel()
	v := verifier(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }))
	for name, key := range map[string]string{
		"empty":         "",
		"too long":      "sk-admin-" + strings.Repeat("a", 248),
		"a space":       "sk-admin- 1",
		"a line break":  "sk-admin-1\r\nX: y",
		"not ASCII":     "sk-admin-é",
		"invalid UTF-8": "sk-admin-\xff",
	} {
		if got := outcome(t, v, key); got != client.Inactive {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestTheLongestKeyFits sends what is longest when encoded.
func TestTheLongestKeyFits(t *testing.T) {
	t.Parallel()
	if got := outcome(t, verifier(t, newGate(true).handler), strings.Repeat("%", 256)); got != client.Inactive {
		t.Errorf("got %s", got)
	}
}

func TestVerifierOverUnixSocket(t *testing.T) {
	t.Parallel()
	g := newGate(true)
	path := filepath.Join(t.TempDir(), "gateway.sock")
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	srv := &httptest.Server{Listener: listener, Config: &http.Server{Handler: g.handler}}
	srv.Start()
	t.Cleanup(srv.Close)

	v := verifierAt(t, "unix:"+path)
	if got := outcome(t, v, g.add(token.KindProject, nil)); got != client.Allowed {
		t.Errorf("got %s", got)
	}
	if want := "verifier of unix:" + path; v.String() != want {
		t.Errorf("String() = %q, want %q", v, want)
	}
}

// TestAClosedConnectionIsNoFault has the server close the connection instead of
// answering its second request, as one does that has been idle for long.
func TestAClosedConnectionIsNoFault(t *testing.T) {
	t.Parallel()
	g := newGate(true)
	key := g.add(token.KindProject, nil)
	var requests atomic.Int32
	v := verifier(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header.Values("Idempotency-Key")) != 0 {
			t.Error("the mark for net/http was sent")
		}
		if requests.Add(1) == 2 {
			hangUp(w)
			return
		}
		g.handler.ServeHTTP(w, r)
	}))
	for range 2 {
		if got := outcome(t, v, key); got != client.Allowed {
			t.Errorf("got %s", got)
		}
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

func TestKeysAreOnlyWhereTheyBelong(t *testing.T) {
	t.Parallel()
	g := newGate(false)
	admin, key := g.add(token.KindAdmin, nil), g.add(token.KindProject, nil)
	v := verifier(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := r.URL.String()
		for name, values := range r.Header {
			if name != "Authorization" {
				head += fmt.Sprint(values)
			}
		}
		if strings.Contains(head, key) || strings.Contains(head, admin) || strings.Contains(r.Header.Get("Authorization"), key) {
			t.Error("a key is in the URL or in a header that is not for it")
		}
		g.handler.ServeHTTP(w, r)
	}), client.WithAdminKey(admin), client.WithCache(time.Hour))
	if got := outcome(t, v, key); got != client.Allowed {
		t.Fatalf("got %s", got)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		for name, printed := range map[string]string{"pointer": fmt.Sprintf(format, v), "value": fmt.Sprintf(format, *v)} {
			if strings.Contains(printed, key) || strings.Contains(printed, admin) || strings.Contains(printed, fmt.Sprintf("%x", admin)) {
				t.Errorf("%s of the %s shows a key", format, name)
			}
		}
	}
}

func hangUp(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
	}
}
