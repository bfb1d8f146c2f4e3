package gateway_test

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/gateway"
	"github.com/keyreeve/keyreeve/internal/lane"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// lockedBuffer is a log that servers write to at the same time.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A panic is a 500 in JSON, the server goes on, and the log shows no key:
// neither of the panic nor of what could not be read.
func TestPanicsAreAnsweredAndLoggedWithoutKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var log lockedBuffer
	gate, err := gateway.New(gateway.Config{
		Index: f.index, Now: func() int64 { panic("the clock broke") },
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	servers := []server{serveNet(t, gate.Handler(true)), serveLane(t, gate, true)}
	const want = `{"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":null}}`
	for _, s := range servers {
		for range 2 {
			got := ask(t, s, f.fill("GET /gateway/auth|X-Api-Key: {admin}"))
			if got.Status != 500 || got.Body != want || got.Header.Get("X-Keyreeve-Key-Id") != "" {
				t.Errorf("%s: %d %s", s.name, got.Status, got.Body)
			}
		}
		for _, bad := range []string{"X-Api-Key: {admin}\x00", "X-Api-Key {admin}", "X-Api-Key\x01: {admin}"} {
			if _, err := converse(t.Context(), s, f.fill(lines("GET /gateway/auth HTTP/1.1", "Host: g", bad))); err != nil {
				t.Error(err)
			}
		}
	}
	response, err := directly(t, &fixture{gate: gate}).Check(t.Context(), check("x-api-key: "+f.admin, "-", false))
	if v := verdictOf(t, response); err != nil || v.Status != 500 || v.Body != want || v.Code == 0 {
		t.Errorf("%v %+v", err, v)
	}
	text := log.String()
	if strings.Count(text, "the clock broke") != 5 || strings.Contains(text, f.admin[12:]) {
		t.Errorf("log:\n%s", text)
	}
}

// plainRequest is a request as nginx sends it.
func plainRequest(f *fixture, header string) []byte {
	return []byte(lines("GET /gateway/auth HTTP/1.1", "Host: 127.0.0.1:8081", "User-Agent: nginx", "Accept: */*",
		"Content-Type: application/json", "X-Forwarded-For: 10.0.0.1", f.fill(header)))
}

func never() bool { return false }

// What is a plain request, and where it ends.
func TestPlainRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const start, host = "GET /gateway/auth HTTP/1.1", "Host: g"
	for _, test := range []struct {
		name, in string
		want     lane.Verdict
	}{
		{"as gateways send it", string(plainRequest(f, "X-Api-Key: {admin}")), lane.Answered},
		{"no key", lines(start, host), lane.Answered},
		{"a query", lines("GET /gateway/auth?kind=admin HTTP/1.1", host), lane.Answered},
		{"a bad query", lines("GET /gateway/auth?kind=x HTTP/1.1", host), lane.Answered},
		{"to be kept alive", lines(start, host, "Connection: Keep-Alive"), lane.Answered},
		{"a port and an address", lines(start, "Host: [::1]:80"), lane.Answered},
		{"64 lines", lines(append([]string{start, host}, slices.Repeat([]string{"a: b"}, 63)...)...), lane.Answered},

		{"nothing yet", "", lane.More},
		{"some of the path", "GET /gateway/a", lane.More},
		{"some of a line", start + "\r\nHo", lane.More},
		{"all but the last byte", strings.TrimSuffix(lines(start, host), "\n"), lane.More},

		{"another method", lines("POST /gateway/auth HTTP/1.1", host), lane.HandOver},
		{"some of another method", "P", lane.HandOver},
		{"another path", lines("GET /gateway/introspect HTTP/1.1", host), lane.HandOver},
		{"a longer path", lines("GET /gateway/authx HTTP/1.1", host), lane.HandOver},
		{"another version", lines("GET /gateway/auth HTTP/1.0", host), lane.HandOver},
		{"two spaces", lines("GET /gateway/auth  HTTP/1.1", host), lane.HandOver},
		{"a fragment", lines("GET /gateway/auth#x HTTP/1.1", host), lane.HandOver},
		{"no host", lines(start, "a: b"), lane.HandOver},
		{"two hosts", lines(start, host, host), lane.HandOver},
		{"a strange host", lines(start, "Host: a/b"), lane.HandOver},
		{"a length", lines(start, host, "Content-Length: 0"), lane.HandOver},
		{"chunks", lines(start, host, "Transfer-Encoding: chunked"), lane.HandOver},
		{"a last one", lines(start, host, "Connection: close"), lane.HandOver},
		{"an upgrade", lines(start, host, "Upgrade: h2c"), lane.HandOver},
		{"an expectation", lines(start, host, "Expect: 100-continue"), lane.HandOver},
		{"a revision to wait for", lines(start, host, "keyreeve-at-least: 1"), lane.HandOver},
		{"a trailer", lines(start, host, "trailer: x"), lane.HandOver},
		{"a bare line feed", start + "\r\nHost: g\n\r\n", lane.HandOver},
		{"a bare carriage return", lines(start, host, "a: b\rc: d"), lane.HandOver},
		{"a line that goes on", lines(start, host, " a: b"), lane.HandOver},
		{"a space in a name", lines(start, host, "a : b"), lane.HandOver},
		{"no colon", lines(start, host, "a"), lane.HandOver},
		{"beyond ASCII", lines(start, host, "a: \x80"), lane.HandOver},
		{"a control character", lines(start, host, "a: \x7f"), lane.HandOver},
		{"65 lines", lines(append([]string{start, host}, slices.Repeat([]string{"a: b"}, 64)...)...), lane.HandOver},
	} {
		const next = "GET /next"
		in := test.in
		if test.want == lane.Answered {
			in += next
		}
		length, out, verdict := f.gate.Lane(never)([]byte(in), []byte("before"))
		if verdict != test.want {
			t.Errorf("%s: verdict %d, want %d", test.name, verdict, test.want)
		}
		if verdict == lane.Answered && (in[length:] != next || !strings.HasPrefix(string(out), "beforeHTTP/1.1 ")) {
			t.Errorf("%s: %d bytes of %d, answer %q", test.name, length, len(test.in), out)
		}
		if verdict != lane.Answered && (length != 0 || string(out) != "before") {
			t.Errorf("%s: took %d bytes and answered %q", test.name, length, out)
		}
	}
}

func TestAServerThatStopsTakesNothingInItsLane(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	handler := f.gate.Lane(func() bool { return true })
	if _, _, verdict := handler(plainRequest(f, "X-Api-Key: {admin}"), nil); verdict != lane.HandOver {
		t.Errorf("verdict %d", verdict)
	}
}

func TestLaneDoesNotAllocateOnAllow(t *testing.T) {
	f := newFixture(t)
	handler, in, out := f.gate.Lane(never), plainRequest(f, "Authorization: Bearer {project}"), make([]byte, 0, 1<<10)
	if n := testing.AllocsPerRun(1000, func() {
		if _, answer, _ := handler(in, out); !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 OK\r\n")) {
			t.Fatalf("%s", answer)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// FuzzPlain shows a lane bytes: what it answers, net/http answers alike.
func FuzzPlain(f *testing.F) {
	x := newFixture(f)
	for _, seed := range []string{"X-Api-Key: {admin}", "Authorization: Bearer {stranger}", "Connection: close", "api-key:\t{admin} "} {
		f.Add(plainRequest(x, seed))
	}
	f.Add([]byte("GET /gateway/auth?kind=admin HTTP/1.1\r\nHost: [::1]:1\r\nX-Api-Key: " + x.admin + "\r\nX-Api-Key: b\r\n\r\nGET"))
	handler, behind := x.gate.Lane(never), x.gate.Handler(false)
	f.Fuzz(func(t *testing.T, in []byte) {
		length, out, verdict := handler(in, nil)
		if verdict != lane.Answered {
			return
		}
		request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(in[:length])))
		if err != nil {
			t.Fatalf("answered what net/http cannot read: %v: %q", err, in[:length])
		}
		want := httptest.NewRecorder()
		behind.ServeHTTP(want, request)
		got, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(out)), request)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		body, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		got.Header.Del("Date")
		if got.StatusCode != want.Code || string(body) != want.Body.String() {
			t.Errorf("%d %s, want %d %s", got.StatusCode, body, want.Code, want.Body)
		}
		header := http.Header{} // as a client reads it
		for name, values := range want.Header() {
			header[http.CanonicalHeaderKey(name)] = values
		}
		if diff := cmp.Diff(header, got.Header); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
	})
}

func BenchmarkHandlers(b *testing.B) {
	f := newFixture(b)
	b.Run("decide", func(b *testing.B) {
		h := gatewayHeader{"Authorization": {"Bearer " + f.project}}
		b.ReportAllocs()
		for b.Loop() {
			if _, refusal := f.gate.Decide(h, gateway.Ask{Kinds: verify.AnyKind}); refusal != nil {
				b.Fatal(refusal.Reason)
			}
		}
	})
	for name, header := range map[string]string{"lane": "Authorization: Bearer {project}", "lane-refused": "Authorization: Bearer {stranger}"} {
		b.Run(name, func(b *testing.B) {
			handler, in, out := f.gate.Lane(never), plainRequest(f, header), make([]byte, 0, 1<<10)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, verdict := handler(in, out); verdict != lane.Answered {
					b.Fatal(verdict)
				}
			}
		})
	}
	b.Run("net", func(b *testing.B) {
		handler := f.gate.Handler(true)
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://g/gateway/auth", http.NoBody)
		if err != nil {
			b.Fatal(err)
		}
		r.RequestURI = gateway.PathAuth
		r.Header = http.Header{"Authorization": {"Bearer " + f.project}, "Accept": {"*/*"}, "User-Agent": {"nginx"}}
		b.ReportAllocs()
		for b.Loop() {
			handler.ServeHTTP(discard{http.Header{}}, r)
		}
	})
	b.Run("envoy", func(b *testing.B) {
		server := directly(b, f)
		request := check("authorization: Bearer "+f.project+"|accept: */*|user-agent: x|:path: /", "-", false)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := server.Check(b.Context(), request); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// discard is a ResponseWriter that keeps nothing but the header.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
