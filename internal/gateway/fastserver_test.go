package gateway_test

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fasthttp"

	"github.com/keyreeve/keyreeve/internal/gateway"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// What fasthttp cannot read is answered in our words, not in its own.
func TestUnreadableRequestsAreAnsweredInJSON(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	fast := both(t, f, false)[1]
	for raw, want := range map[string]string{
		"GET\r\n\r\n": `{"error":{"message":"We could not parse your HTTP request.","type":"invalid_request_error","param":null,"code":null}}`,
		lines("GET / HTTP/1.1", "Host: g", "X: "+strings.Repeat("x", 20<<10)):           `{"error":{"message":"The request header is too large.","type":"invalid_request_error","param":null,"code":null}}`,
		lines("POST / HTTP/1.1", "Host: g", "Content-Length: 4097"):                     `{"error":{"message":"The request body is larger than 4096 bytes.","type":"invalid_request_error","param":null,"code":null}}`,
		lines("POST / HTTP/1.1", "Host: g", "Transfer-Encoding: gzip"):                  `{"error":{"message":"The only transfer coding understood is chunked.","type":"invalid_request_error","param":null,"code":null}}`,
		lines("GET / HTTP/3.0", "Host: g"):                                              `{"error":{"message":"The HTTP versions understood are 1.0 and 1.1.","type":"invalid_request_error","param":null,"code":null}}`,
		lines("GET / HTTP/1.1", "Host: g", "Expect: x"):                                 `{"error":{"message":"The only expectation that can be met is 100-continue.","type":"invalid_request_error","param":null,"code":null}}`,
		lines("POST /gateway/auth HTTP/1.1", "Host: g", "Content-Length: 10") + "short": `{"error":{"message":"Your request took too long to arrive.","type":"invalid_request_error","param":null,"code":null}}`,
	} {
		answers, err := converse(t.Context(), fast, raw)
		if err != nil || len(answers) != 1 {
			t.Fatalf("%.40q: %d answers, %v", raw, len(answers), err)
		}
		if diff := cmp.Diff(want, answers[0].Body); diff != "" {
			t.Errorf("%.40q: body (-want +got):\n%s", raw, diff)
		}
		if diff := cmp.Diff(refusalHeader("bad_request"), oursOf(answers[0].Header)); diff != "" {
			t.Errorf("%.40q: header (-want +got):\n%s", raw, diff)
		}
	}
}

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
	servers := []server{
		serveNet(t, gate.Handler(true)),
		serveFast(t, gateway.NewFastServer(gate, true, gateway.FastLimits{ReadTimeout: shortRead})),
	}
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

func TestConnectionsBeyondTheLimitAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := serveFast(t, gateway.NewFastServer(f.gate, true, gateway.FastLimits{Connections: 2, ReadTimeout: patience}))
	var held []net.Conn
	for range 2 {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		held = append(held, conn)
		// An answer shows that the connection was taken in.
		if _, err := io.WriteString(conn, lines("GET / HTTP/1.1", "Host: g")); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if got := ask(t, s, f.fill("GET /gateway/auth|X-Api-Key: {admin}")); got.Status != http.StatusServiceUnavailable {
		t.Errorf("status %d", got.Status)
	}
	_ = held[0].Close()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if got := ask(t, s, f.fill("GET /gateway/auth|X-Api-Key: {admin}")); got.Status == 200 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no connection was taken in after one was gone")
		}
	}
}

// fastRequest is a parsed request as the fast handler gets it.
func fastRequest(f *fixture, header string) *fasthttp.RequestCtx {
	var ctx fasthttp.RequestCtx
	raw := lines("GET /gateway/auth HTTP/1.1", "Host: 127.0.0.1:8081", "User-Agent: nginx", "Accept: */*",
		"Content-Type: application/json", "X-Forwarded-For: 10.0.0.1", f.fill(header))
	if err := ctx.Request.Header.Read(bufio.NewReader(strings.NewReader(raw))); err != nil {
		panic(err)
	}
	return &ctx
}

func TestFastHandlerDoesNotAllocateOnAllow(t *testing.T) {
	f := newFixture(t)
	handler := f.gate.FastHandler(true)
	ctx := fastRequest(f, "Authorization: Bearer {project}")
	if n := testing.AllocsPerRun(1000, func() {
		ctx.Response.Reset()
		handler(ctx)
	}); n != 0 || ctx.Response.StatusCode() != 200 {
		t.Errorf("%v allocations, want 0; status %d", n, ctx.Response.StatusCode())
	}
}

func BenchmarkHandlers(b *testing.B) {
	f := newFixture(b)
	b.Run("decide", func(b *testing.B) {
		h := gatewayHeader{"Authorization": {"Bearer " + f.project}}
		b.ReportAllocs()
		for b.Loop() {
			if _, refusal := f.gate.Decide(h, verify.AnyKind); refusal != nil {
				b.Fatal(refusal.Reason)
			}
		}
	})
	for name, header := range map[string]string{"fasthttp": "Authorization: Bearer {project}", "fasthttp-refused": "Authorization: Bearer {stranger}"} {
		b.Run(name, func(b *testing.B) {
			handler, ctx := f.gate.FastHandler(true), fastRequest(f, header)
			b.ReportAllocs()
			for b.Loop() {
				ctx.Response.Reset()
				handler(ctx)
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
