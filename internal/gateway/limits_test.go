package gateway_test

import (
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	"github.com/keyreeve/keyreeve/internal/gateway"
	"github.com/keyreeve/keyreeve/internal/verify"
)

const limitedBody = `{"error":{"message":"Rate limit reached: this API key's project has used up its requests for the model 'tiny'. Please try again in 30 s.","type":"invalid_request_error","param":null,"code":"rate_limit_exceeded"}}`

// TestOverTheLimitIsRefused sends three requests for a model that a project may
// use twice a minute, by each way of naming it.
func TestOverTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	limited := refusalHeader("rate_limit_exceeded", "Retry-After", "30")
	for _, s := range both(t, f, true) {
		for request, status := range map[string]int{
			"GET /gateway/auth|Authorization: Bearer {project}|X-Keyreeve-Model: tiny":                      429,
			"POST /gateway/auth|Authorization: Bearer {project}|x-keyreeve-model: tiny":                     429,
			"GET /gateway/auth?model=tiny|X-Api-Key: {project}":                                             429,
			"GET /gateway/auth?kind=project&model=%74iny&limited=429|X-Api-Key: {project}":                  429,
			"GET /gateway/auth?limited=403|X-Api-Key: {project}|X-Keyreeve-Model: tiny":                     403,
			"GET /gateway/auth?model=&limited=403|X-Api-Key: {project}|X-Keyreeve-Model: tiny":              403,
			"GET /gateway/auth?model=tiny&limited=403|X-Api-Key: {project}|X-Keyreeve-Model: other":         403,
			"GET /gateway/ext_authz/project/v1/models?model=x|Api-Key: {project}|X-Keyreeve-Model: tiny":    429,
			"GET /gateway/auth?limited=403&model=tiny|Api-Key: {account}|Accept: a key of the same project": 403,
		} {
			f.since.Add(int64(time.Minute))
			for i := range 3 {
				got := ask(t, s, f.fill(request))
				switch {
				case i < 2 && got.Status != 200:
					t.Errorf("%s: request %d of %s: %d %s", s.name, i, request, got.Status, got.Body)
				case i == 2:
					if diff := cmp.Diff(limited, oursOf(got.Header)); got.Status != status || got.Body != limitedBody || diff != "" {
						t.Errorf("%s: %s: %d %s (-want +got):\n%s", s.name, request, got.Status, got.Body, diff)
					}
				}
			}
		}
	}
	f.since.Add(int64(time.Minute))
	for i, want := range []int{200, 200, 429} {
		s := both(t, f, true)[0]
		if got := introspect(t, s, f.fill("token={project}&model=tiny")); got.Status != want || (want == 429) != (got.Body == limitedBody) {
			t.Errorf("introspection %d: %d %s", i, got.Status, got.Body)
		}
	}
	snapshot := f.stats.Snapshot()
	if n := snapshot.Decisions(verify.Limited, 2); n == 0 {
		t.Error("none was counted as limited")
	}
}

func TestNotLimited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, s := range both(t, f, true) {
		for _, request := range []string{
			"GET /gateway/auth|Authorization: Bearer {project}",
			"GET /gateway/auth|Authorization: Bearer {project}|X-Keyreeve-Model: unheard-of",
			"GET /gateway/auth?model=|Authorization: Bearer {project}|X-Keyreeve-Model:",
			"GET /gateway/auth?model=tiny|Authorization: Bearer {admin}",
			"GET /gateway/auth?model=Tiny|Authorization: Bearer {project}",
		} {
			for range 4 {
				if got := ask(t, s, f.fill(request)); got.Status != 200 {
					t.Errorf("%s: %s: %d %s", s.name, request, got.Status, got.Body)
				}
			}
		}
		// What is refused uses up nothing.
		for range 4 {
			if got := ask(t, s, f.fill("GET /gateway/auth?kind=admin&model=tiny|X-Api-Key: {project}")); got.Status != 403 || got.Body != wrongKindBody {
				t.Errorf("%s: %d %s", s.name, got.Status, got.Body)
			}
		}
		f.since.Add(int64(time.Minute))
		if got := ask(t, s, f.fill("GET /gateway/auth?model=tiny|X-Api-Key: {project}")); got.Status != 200 {
			t.Errorf("%s: %d %s", s.name, got.Status, got.Body)
		}
	}
}

func TestMistakesAboutModelsAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, s := range both(t, f, true) {
		for _, request := range []string{
			"GET /gateway/auth|X-Api-Key: {project}|X-Keyreeve-Model: a|X-Keyreeve-Model: a",
			"GET /gateway/auth?model=a&model=a|X-Api-Key: {project}",
			"GET /gateway/auth?limited=403&limited=403|X-Api-Key: {project}",
			"GET /gateway/auth?limited=500|X-Api-Key: {project}",
			"GET /gateway/auth?limited=|X-Api-Key: {project}",
			"GET /gateway/auth?model=%zz|X-Api-Key: {project}",
			"GET /gateway/auth?model=a;b|X-Api-Key: {project}",
		} {
			if got := ask(t, s, f.fill(request)); got.Status != 400 {
				t.Errorf("%s: %s: %d %s", s.name, request, got.Status, got.Body)
			}
		}
	}
}

func TestEnvoyIsToldOfLimits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	client := envoy(t, f)
	want := verdict{codes.ResourceExhausted, 429, deniedHeader("rate_limit_exceeded", "retry-after", "30"), "", limitedBody}
	byHeader := func() *authv3.CheckRequest {
		return check(f.fill("x-api-key: {project}|x-keyreeve-model: tiny"), "-", false)
	}
	byRoute := func() *authv3.CheckRequest {
		r := check(f.fill("x-api-key: {project}|x-keyreeve-model: other"), "project", false)
		r.Attributes.ContextExtensions["model"] = "tiny"
		return r
	}
	for _, request := range []func() *authv3.CheckRequest{byHeader, byRoute} {
		f.since.Add(int64(time.Minute))
		for i := range 3 {
			got, err := client.Check(t.Context(), request())
			if err != nil {
				t.Fatal(err)
			}
			if i < 2 && got.GetDeniedResponse() != nil {
				t.Errorf("request %d: %v", i, got)
			}
			if diff := cmp.Diff(want, verdictOf(t, got)); i == 2 && diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	}
}

func TestLimitedDecisionsDoNotAllocate(t *testing.T) {
	f := newFixture(t)
	h := gatewayHeader{"X-Api-Key": {f.project}, "X-Keyreeve-Model": {"tiny"}}
	if n := testing.AllocsPerRun(1000, func() {
		f.since.Add(int64(time.Minute))
		if _, refusal := f.gate.Decide(h, gateway.Ask{Kinds: verify.AnyKind}); refusal != nil {
			t.Fatal(refusal.Reason)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// BenchmarkGate decides with and without a model named. What a limit costs is
// the difference; the clock of the limits is the system's.
func BenchmarkGate(b *testing.B) {
	for _, model := range []string{"", "unheard-of", "tiny"} {
		b.Run("model="+strings.ReplaceAll(model, " ", ""), func(b *testing.B) {
			f := newFixture(b)
			h := gatewayHeader{"X-Api-Key": {f.project}, "X-Keyreeve-Model": {model}}
			b.ReportAllocs()
			for b.Loop() {
				f.since.Add(int64(time.Minute))
				if _, refusal := f.gate.Decide(h, gateway.Ask{Kinds: verify.AnyKind}); refusal != nil {
					b.Fatal(refusal.Reason)
				}
			}
		})
	}
}
