package client_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/client"
	"github.com/keyreeve/keyreeve/internal/gateway"
	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// gate is the real gateway over an index that the test writes. On the trusted
// listener introspection asks for no key.
type gate struct {
	index   *verify.Index
	handler http.Handler
	made    int
}

func newGate(trusted bool) *gate {
	g := &gate{index: verify.NewIndex()}
	adapters, err := gateway.New(gateway.Config{Index: g.index, Now: func() int64 { return time.Now().Unix() }})
	if err != nil {
		panic(err)
	}
	g.handler = adapters.Handler(trusted)
	g.load()
	return g
}

// load makes the index know of no key, from knowing nothing.
func (g *gate) load() {
	if err := g.index.Load(func(func(verify.Effect) error) (int64, error) { return 0, nil }); err != nil {
		panic(err)
	}
}

func (g *gate) apply(effects ...verify.Effect) {
	if err := g.index.Apply(g.index.Revision()+1, effects); err != nil {
		panic(err)
	}
}

// gateKey is the id of the key that a gate adds first, and its second of
// creation.
const (
	gateKey     = "key_01JZNNCW005Q4D5SJ6VQZ8KX2T"
	gateCreated = 1_752_000_000
)

// add issues a key, of user_1 unless said otherwise.
func (g *gate) add(kind token.Kind, change func(*verify.KeyAdded)) (key string) {
	secret := mint(kind)
	added := verify.KeyAdded{
		ID: fmt.Sprintf("%s%02d", gateKey[:len(gateKey)-2], g.made), Digest: secret.Digest(), Kind: kind,
		OwnerType: verify.OwnerUser, OwnerID: "user_1",
	}
	if g.made == 0 {
		added.ID = gateKey
	}
	g.made++
	if kind != token.KindAdmin {
		added.ProjectID = "proj_1"
	}
	if change != nil {
		change(&added)
	}
	g.apply(added)
	return secret.Reveal()
}

// mint makes a key that no gate knows.
func mint(kind token.Kind) token.Secret {
	secret, err := token.Mint(kind, rand.Reader)
	if err != nil {
		panic(err)
	}
	return secret
}

func (g *gate) revoke(key string) { g.apply(verify.KeyRemoved{Digest: token.Sum(key)}) }

// verifier returns a verifier of a server that runs h.
func verifier(t *testing.T, h http.Handler, opts ...client.VerifierOption) *client.Verifier {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return verifierAt(t, srv.URL, opts...)
}

func verifierAt(t *testing.T, baseURL string, opts ...client.VerifierOption) *client.Verifier {
	t.Helper()
	v, err := client.NewVerifier(baseURL, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.CloseIdleConnections)
	return v
}

// outcome verifies key, which must not fail.
func outcome(t *testing.T, v *client.Verifier, key string, kinds ...client.Kind) client.Outcome {
	t.Helper()
	found, err := v.Verify(t.Context(), key, kinds...)
	if err != nil {
		t.Fatal(err)
	}
	return found.Outcome
}

// inProcess answers requests without a network, so that synctest can stop the
// time, and counts them.
type inProcess struct {
	handler  http.Handler
	requests int
}

// RoundTrip implements http.RoundTripper.
func (p *inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	p.requests++
	r.RequestURI = r.URL.RequestURI() // as a server has it
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), r.Context().Err()
}
