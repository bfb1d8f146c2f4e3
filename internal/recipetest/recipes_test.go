package recipetest

import (
	"bufio"
	"context"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/keyreeve/keyreeve/api"
)

// identity are the headers by which a model server knows who asks.
var identity = []string{
	"X-Keyreeve-Key-Id", "X-Keyreeve-Owner-Id", "X-Keyreeve-Owner-Type",
	"X-Keyreeve-Project-Id", "X-Keyreeve-Kind", "X-Keyreeve-Expires-At", "X-Keyreeve-Reason", "X-Keyreeve-Model",
}

func TestRecipes(t *testing.T) {
	t.Parallel()
	for _, r := range recipes {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, r)
			// In this order: the last takes Keyreeve away.
			t.Run("a good key reaches the model and stays behind", w.testAllowed)
			t.Run("keys in other headers", w.testOtherHeaders)
			t.Run("who a client says it is is dropped", w.testSpoofed)
			t.Run("bad keys are refused", w.testRefused)
			t.Run("an expired key is refused", w.testExpired)
			t.Run("keys of projects say whose they are", w.testProjectKeys)
			t.Run("a key ends with its owner", w.testOwnersEnd)
			t.Run("a request over its limit is refused", w.testLimited)
			t.Run("admin keys do not get through", w.testKinds)
			t.Run("a stream is passed on as it comes", w.testStream)
			t.Run("a key is refused from the moment its revocation returned", w.testRevokedMidStream)
			t.Run("without Keyreeve nobody gets through", w.testAway)
			t.Run("no key was printed", w.testNothingPrinted)
		})
	}
}

// newKey makes a key through the API.
func (w *world) newKey(t *testing.T, lifetime *int64) *api.ProjectAPIKeyCreateResponse {
	t.Helper()
	key, err := w.client.ProjectAPIKeys.Create(t.Context(), w.project, api.ProjectAPIKeyCreateRequest{
		UserID: w.owner(t), Name: "gateway", ExpiresInSeconds: lifetime,
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (w *world) testAllowed(t *testing.T) {
	key := w.newKey(t, nil)
	w.models.take()
	a := w.get(t, "/v1/chat/completions", "Authorization", "Bearer "+key.Value)
	if a.status != http.StatusOK || a.body != `{"object":"chat.completion"}` {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	w.checkArrived(t, key.Value, w.whoHas(t, key))
}

// whoHas is what the model server is told of a key that newKey made.
func (w *world) whoHas(t *testing.T, key *api.ProjectAPIKeyCreateResponse) map[string]string {
	t.Helper()
	return map[string]string{
		"X-Keyreeve-Key-Id":     key.ID,
		"X-Keyreeve-Owner-Id":   w.owner(t),
		"X-Keyreeve-Owner-Type": "user",
		"X-Keyreeve-Project-Id": w.project,
		"X-Keyreeve-Kind":       "project",
	}
}

// checkArrived looks at the one request that reached the model server: it says
// who sent it, and does not have the key.
func (w *world) checkArrived(t *testing.T, key string, who map[string]string) {
	t.Helper()
	seen := w.models.take()
	if len(seen) != 1 {
		t.Fatalf("%d requests reached the model server, want 1", len(seen))
	}
	want := map[string]string{"Authorization": "Bearer local-model-key"}
	maps.Copy(want, who)
	for _, name := range append([]string{"Authorization", "X-Api-Key", "Api-Key"}, identity...) {
		if got := strings.Join(seen[0].Values(name), "|"); got != want[name] {
			t.Errorf("the model server got %s: %q, want %q", name, got, want[name])
		}
	}
	for name, values := range seen[0] {
		if strings.Contains(strings.Join(values, ""), key) {
			t.Errorf("the client's key reached the model server in %s", name)
		}
	}
}

func (w *world) testOtherHeaders(t *testing.T) {
	key := w.newKey(t, nil)
	w.models.take()
	for _, headers := range [][]string{
		{"X-Api-Key", key.Value},
		{"Api-Key", key.Value},
		{"Authorization", "Bearer " + key.Value, "X-Api-Key", key.Value},
	} {
		if a := w.get(t, "/v1/models", headers...); a.status != http.StatusOK {
			t.Errorf("a good key in %s: got %d %s", headers[0], a.status, a.body)
			continue
		}
		w.checkArrived(t, key.Value, w.whoHas(t, key))
	}
	other := w.newKey(t, nil)
	for _, headers := range [][]string{
		{"Authorization", "Bearer " + key.Value, "X-Api-Key", other.Value},
		{"Authorization", "Bearer " + key.Value, "Authorization", "Bearer " + other.Value},
	} {
		a := w.get(t, "/v1/models", headers...)
		// Some gateways refuse a repeated Authorization by themselves.
		if a.status != http.StatusUnauthorized && a.status != http.StatusBadRequest {
			t.Errorf("two keys: got %d %s", a.status, a.body)
		}
	}
	if seen := w.models.take(); len(seen) > 0 {
		t.Errorf("%d requests with two keys reached the model server", len(seen))
	}
}

func (w *world) testSpoofed(t *testing.T) {
	key := w.newKey(t, nil)
	w.models.take()
	// A client may not make Keyreeve wait, either.
	headers := []string{"Authorization", "Bearer " + key.Value, "Keyreeve-At-Least", "999999"}
	for _, name := range identity {
		headers = append(headers, name, "spoofed", strings.ToLower(name), "spoofed-again", strings.ReplaceAll(name, "-", "_"), "spoofed")
	}
	if a := w.get(t, "/v1/models", headers...); a.status != http.StatusOK {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	w.checkArrived(t, key.Value, w.whoHas(t, key))
}

func (w *world) testRefused(t *testing.T) {
	revoked := w.newKey(t, nil)
	if _, err := w.client.ProjectAPIKeys.Delete(t.Context(), w.project, revoked.ID); err != nil {
		t.Fatal(err)
	}
	w.models.take()
	for name, headers := range map[string][]string{
		"no key":        nil,
		"an empty one":  {"Authorization", "Bearer "},
		"Basic":         {"Authorization", "Basic eDp5"},
		"junk":          {"Authorization", "Bearer junk"},
		"an unknown":    {"Authorization", "Bearer sk-admin-" + strings.Repeat("a", 49)},
		"a revoked one": {"Authorization", "Bearer " + revoked.Value},
	} {
		w.checkRefused(t, name, w.get(t, "/v1/models", headers...))
	}
}

// checkRefused wants an error that OpenAI's clients understand, and nothing at
// the model server.
func (w *world) checkRefused(t *testing.T, name string, a answer) {
	t.Helper()
	if a.status != http.StatusUnauthorized {
		t.Errorf("%s: got %d %s", name, a.status, a.body)
	}
	var body api.ErrorResponse
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || body.Error.Message == "" {
		t.Errorf("%s: the body is no error of OpenAI's form: %s", name, a.body)
	}
	if got := a.header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
		t.Errorf("%s: content type %q", name, got)
	}
	if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("%s: no WWW-Authenticate", name)
	}
	if seen := w.models.take(); len(seen) > 0 {
		t.Errorf("%s: reached the model server", name)
	}
}

func (w *world) testExpired(t *testing.T) {
	second := int64(1)
	key := w.newKey(t, &second)
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Unix() < *key.ExpiresAt && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	w.models.take()
	w.checkRefused(t, "an expired key", w.get(t, "/v1/models", "Authorization", "Bearer "+key.Value))
}

// testLimited asks three times for a model that the project may use twice a
// minute, of which the recipes know by the path. What the client says about the
// model is nothing.
func (w *world) testLimited(t *testing.T) {
	if _, err := w.client.ProjectRateLimits.Update(t.Context(), w.project, "rl-text-embedding-3-small",
		api.ProjectRateLimitUpdateRequest{MaxRequestsPer1Minute: new(int64(2))}); err != nil {
		t.Fatal(err)
	}
	headers := []string{"Authorization", "Bearer " + w.projectKey, "X-Keyreeve-Model", "made-up"}
	w.models.take()
	for range 2 {
		if a := w.get(t, "/v1/embeddings", headers...); a.status != http.StatusOK {
			t.Fatalf("within the limit: got %d %s", a.status, a.body)
		}
	}
	for _, seen := range w.models.take() {
		if seen.Get("X-Keyreeve-Model") != "" || seen.Get("X-Keyreeve-Kind") != "project" {
			t.Errorf("the model server got %v", seen)
		}
	}
	a := w.get(t, "/v1/embeddings", headers...)
	var body api.ErrorResponse
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || body.Error.Code == nil || *body.Error.Code != api.CodeRateLimitExceeded {
		t.Errorf("the body is no error of OpenAI's form: %s", a.body)
	}
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	if a.status != http.StatusTooManyRequests || err != nil || wait < 1 || wait > 30 || len(a.header.Values("Retry-After")) != 1 {
		t.Errorf("got %d, Retry-After %q", a.status, a.header.Values("Retry-After"))
	}
	if seen := w.models.take(); len(seen) > 0 {
		t.Error("a request over the limit reached the model server")
	}
	// Other models have limits of their own, and so have other projects.
	another := w.newMemberKey(t, w.newProject(t), w.owner(t)).Value
	for path, key := range map[string]string{"/v1/models": w.projectKey, "/v1/embeddings": another} {
		if a := w.get(t, path, "Authorization", "Bearer "+key); a.status != http.StatusOK {
			t.Errorf("%s: got %d %s", path, a.status, a.body)
		}
	}
	w.models.take()
}

func (w *world) testStream(t *testing.T) {
	key := w.newKey(t, nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/v1/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key.Value)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	began := time.Now()
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	if err != nil || line != "data: one\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	if waited := time.Since(began); waited > time.Second {
		t.Errorf("the first event came after %s: it was held back until the last", waited)
	}
	w.models.take()
}

// testRevokedMidStream sends requests without pause while the key is revoked:
// each that began after the revocation returned must be refused.
func (w *world) testRevokedMidStream(t *testing.T) {
	key := w.newKey(t, nil)
	var revoked atomic.Bool
	var before, after atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for ctx.Err() == nil {
				was := revoked.Load()
				a, err := w.try(ctx, "/v1/models", "Authorization", "Bearer "+key.Value)
				switch {
				case err != nil:
					if ctx.Err() == nil {
						t.Error(err)
					}
					return
				case was && a.status != http.StatusUnauthorized:
					t.Errorf("%d after the revocation returned", a.status)
					return
				case was:
					after.Add(1)
				case a.status == http.StatusOK:
					before.Add(1)
				}
			}
		})
	}
	waitFor(t, func() bool { return before.Load() > 40 })
	if _, err := w.client.ProjectAPIKeys.Delete(t.Context(), w.project, key.ID); err != nil {
		t.Fatal(err)
	}
	revoked.Store(true)
	waitFor(t, func() bool { return after.Load() > 40 || t.Failed() })
	cancel()
	clients.Wait()
	w.models.take()
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it did not come about within 10 s")
}

func (w *world) testAway(t *testing.T) {
	key := w.newKey(t, nil)
	if err := w.keyreeve.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.models.take()
	for range 3 {
		a := w.get(t, "/v1/models", "Authorization", "Bearer "+key.Value)
		if a.status != http.StatusServiceUnavailable {
			t.Errorf("got %d %s", a.status, a.body)
		}
		var body api.ErrorResponse
		if err := json.Unmarshal([]byte(a.body), &body); err != nil || body.Error.Type != api.ErrorTypeServer {
			t.Errorf("the body is no error of OpenAI's form: %s", a.body)
		}
	}
	if seen := w.models.take(); len(seen) > 0 {
		t.Errorf("%d requests reached the model server", len(seen))
	}
}

func (w *world) testNothingPrinted(t *testing.T) {
	text := w.output.String()
	for _, prefix := range []string{"sk-admin-", "sk-proj-"} {
		if i := strings.Index(text, prefix); i >= 0 {
			t.Errorf("the gateway printed a key at byte %d of its output", i)
		}
	}
}
