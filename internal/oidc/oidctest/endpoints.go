package oidctest

import (
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	says := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"jwks_uri": p.URL + "/keys", "userinfo_endpoint": p.URL + "/userinfo",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	}
	change(p.behaviour().Discovery, says)
	answer(w, http.StatusOK, says)
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	key := keys().published
	answer(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one",
		"n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
	}}})
}

// authorize gives the browser back with a code, or with an error.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	scopes := strings.Fields(query.Get("scope"))
	switch {
	case query.Get("client_id") != Client || query.Get("redirect_uri") != p.RedirectURL:
		http.Error(w, "another client, or it is somewhere else", http.StatusBadRequest) // nobody to give the browser back to
		return
	case query.Get("response_type") != "code", query.Get("code_challenge_method") != "S256", query.Get("code_challenge") == "",
		query.Get("nonce") == "", !slices.Contains(scopes, "openid"), !slices.Contains(scopes, "email"):
		p.back(w, r, url.Values{"error": {"invalid_request"}})
		return
	}
	if code := p.behaviour().Declines; code != "" {
		p.back(w, r, url.Values{"error": {code}, "error_description": {"Ada said <no>"}})
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	code := p.issue("code")
	p.grants[code] = grant{query.Get("nonce"), query.Get("code_challenge")}
	p.back(w, r, url.Values{"code": {code}})
}

func (p *Provider) back(w http.ResponseWriter, r *http.Request, answer url.Values) {
	answer.Set("state", r.URL.Query().Get("state"))
	http.Redirect(w, r, p.RedirectURL+"?"+answer.Encode(), http.StatusFound)
}

// token exchanges a code, once.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	now := p.behaviour()
	if now.Status != 0 {
		answer(w, now.Status, map[string]any{"error": "server_error", "error_description": "as the test wants"})
		return
	}
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if id != Client || secret != p.Secret {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.grants[r.PostFormValue("code")]
	delete(p.grants, r.PostFormValue("code"))
	verifier := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || encode(verifier[:]) != g.challenge || r.PostFormValue("redirect_uri") != p.RedirectURL || r.PostFormValue("grant_type") != "authorization_code" {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	access, idToken := p.issue("access"), p.idToken(now, g.nonce)
	p.access[access] = true
	p.secret = append(p.secret, idToken)
	says := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": idToken}
	change(now.Token, says)
	answer(w, http.StatusOK, says)
}

func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	now := p.behaviour()
	p.mu.Lock()
	defer p.mu.Unlock()
	if token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !p.access[token] {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
		return
	}
	says := maps.Clone(now.Person)
	change(now.UserInfo, says)
	answer(w, http.StatusOK, says)
}

// idToken signs what the provider says of the person.
func (p *Provider) idToken(now Behaviour, nonce string) string {
	at := time.Now()
	claims := map[string]any{
		"iss": p.URL, "aud": Client, "iat": at.Unix(), "exp": at.Add(time.Minute).Unix(), "nonce": nonce,
	}
	for name, value := range now.Person {
		if !now.Apart || name == "sub" {
			claims[name] = value
		}
	}
	change(now.Claims, claims)
	algorithm := cmp.Or(now.Algorithm, "RS256")
	signed := encode(marshal(map[string]any{"alg": algorithm, "kid": "one"})) + "." + encode(marshal(claims))
	if algorithm == "none" {
		return signed + "."
	}
	key := keys().published
	if now.Stray {
		key = keys().stray
	}
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // of a key that this package made
	}
	return signed + "." + encode(signature)
}

func change(how func(map[string]any), what map[string]any) {
	if how != nil {
		how(what)
	}
}

func answer(w http.ResponseWriter, status int, says map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(says))
}

func marshal(v map[string]any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a test put something in that is no JSON
	}
	return text
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
