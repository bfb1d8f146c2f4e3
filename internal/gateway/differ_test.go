package gateway_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// generate makes the i-th conversation: a request that is good, or wrong in up
// to two ways, and a good one after it that shows whether the connection is
// still in step.
func generate(f *fixture, i int) string {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	body := ""
	header := []string{"Host: gateway", pick("X-Api-Key: {admin}", "Authorization: Bearer {admin}", "api-key: {project}", "X-Api-Key: {stranger}", "Accept: */*")}
	switch r.IntN(6) {
	case 0:
		body = "hello"
		header = append(header, "Content-Length: 5")
	case 1:
		body = pick("0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "5;x=y\r\nhello\r\n0\r\n\r\n", "0\r\nX-Api-Key: {admin}\r\n\r\n", "5\r\nhell", "g\r\n\r\n", "5\r\nhello0\r\n\r\n", "-1\r\n\r\n")
		header = append(header, "Transfer-Encoding: chunked")
	}
	method := pick("GET", "POST", "POST", "PUT", "OPTIONS", "DELETE")
	target := pick("/gateway/auth", "/gateway/auth", "/gateway/auth?kind=admin", "/gateway/ext_authz/any/x", "/gateway/introspect", "/gateway/auth?kind=project,admin")
	version := pick("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0")
	for range r.IntN(3) {
		switch r.IntN(9) {
		case 0:
			target = pick("//gateway/auth", "/gateway//auth", "/gateway/./auth", "/gateway/x/../auth", "/gateway%2fauth", "/gateway/auth/", "/gateway/auth%", "/gateway/auth?%zz",
				"/gateway/auth?kind=admin&kind=project", "/gateway/auth#x", "http://h/gateway/auth", "HTTP://h/gateway/auth?kind=admin", "//h/gateway/auth", "*", "gateway/auth", "", "/",
				"/gateway/auth\x01", "/gateway/\xff", "/gateway/auth?\xff", "http://", "http:///gateway/auth", "http:/gateway/auth", "/gateway/auth;x", "\\gateway\\auth", "/gateway/auth\t")
		case 1:
			header = append(header, pick("Content-Length: 5", "Content-Length: 0", "Content-Length: 6", "Content-Length: -1", "Content-Length: +5", "Content-Length: 5,5", "Content-Length:", "Content-Length: 0x5",
				"Content-Length: 5 5", "Content-Length: 99999999999999999999999", "Content-Length: 4097", "content-length:5", "Content-Length\t: 5", "Content_Length: 5"))
		case 2:
			header = append(header, pick("Transfer-Encoding: chunked", "Transfer-Encoding: identity", "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding:",
				"transfer-encoding: CHUNKED", "Transfer-Encoding : chunked", "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: chunked;x", "Transfer_Encoding: chunked"))
		case 3:
			header = append(header, pick("X-Api-Key: {admin}", "X-Api-Key: {project}", "Authorization: Bearer {admin},Bearer {admin}", "Authorization: Bearer", "authorization: basic x", "Api-Key: {admin}\u00a0",
				"X-Api-Key: \x00", "X-Api-Key: \x7f", "X-Api-Key: \xff", "X-Api-Key : {admin}", "X Api Key: {admin}", "X-Api-Key {admin}", ": {admin}", "X-Api-Key:{admin}", "\tX-Api-Key: {admin}", "X-Äpi-Key: {admin}"))
		case 4:
			header = append(header, pick("Expect: 100-continue", "Expect: x", "Expect:", "Upgrade: h2c", "Connection: close", "Connection: keep-alive", "Connection: Upgrade", "Connection: close, x",
				"Trailer: X-Api-Key", "TE: trailers", "Content-Type: multipart/form-data; boundary=x", "Host: other", "Host:", "X-Forwarded-Uri: //x", "Content-Encoding: gzip", "Keep-Alive: x"))
		case 5:
			version = pick("HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/11", "http/1.1", "HTTP/1.1 ", "", "HTTP/1.", "HTTP/1,1", "HTTP/3")
		case 6:
			method = pick("", "get", "G T", "GET\t", "GÄT", "CONNECT", "TRACE", "QUERY", "X-Y", "GET:", "PRI")
		case 7:
			header = header[1:] // no host
			if r.IntN(2) == 0 {
				header = append(header, pick("Host: a b", "Host: a/b", "Host: a@b", "Host: a:80", "Host: [::1]", "Host: \x80", "Host: a,b", "Host: %41"))
			}
		case 8:
			header = append(header, "X-Long: "+strings.Repeat("x", []int{100, 8 << 10, 15 << 10, 24 << 10, 64 << 10}[r.IntN(5)]))
		}
		r.Shuffle(len(header), func(i, j int) { header[i], header[j] = header[j], header[i] })
	}
	raw := lines(append([]string{method + " " + target + " " + version}, header...)...) + body
	if r.IntN(8) == 0 { // damage a byte
		at := r.IntN(len(raw))
		switch r.IntN(3) {
		case 0:
			raw = raw[:at] + raw[at+1:]
		case 1:
			raw = raw[:at] + pick("\r", "\n", "\x00", " ", ":", "\xff", "\t", ",") + raw[at:]
		case 2:
			raw = raw[:at] + pick("\r", "\n", "\x00", " ", ":", "\xff", "\t", ",") + raw[at+1:]
		}
	}
	return f.fill(raw + lines("GET /gateway/auth HTTP/1.1", "Host: last", "X-Api-Key: {admin}", "Connection: close"))
}

// summary is what must be the same of two conversations: who was let in, and
// how everything else was refused.
func summary(answers []answer) string {
	var out []string
	for _, a := range answers {
		switch id := a.Header.Get("X-Keyreeve-Key-Id"); {
		case a.Status == 200:
			out = append(out, "200 "+id)
		case a.Status == http.StatusRequestTimeout: // net/http mostly hangs up without a word
		default:
			out = append(out, fmt.Sprint(a.Status))
		}
	}
	return strings.Join(out, ", ")
}

// differences holds n generated conversations with both servers and returns
// what they do not agree on, and what is wrong with either.
func differences(ctx context.Context, f *fixture, servers []server, n int) []string {
	var (
		found []string
		mu    sync.Mutex
		group sync.WaitGroup
	)
	const workers = 16
	for w := range workers {
		group.Go(func() {
			for i := w; i < n && ctx.Err() == nil; i += workers {
				if problem := compare(ctx, servers, generate(f, i)); problem != "" {
					mu.Lock()
					found = append(found, fmt.Sprintf("conversation %d: %s", i, problem))
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return found
}

func compare(ctx context.Context, servers []server, raw string) string {
	head := strings.HasPrefix(raw, "HEAD ")
	var summaries []string
	for _, s := range servers {
		answers, err := converse(ctx, s, raw, head)
		if err != nil {
			return fmt.Sprintf("%s: %v to %.400q", s.name, err, raw)
		}
		for _, a := range answers {
			// 501 and 505 say that the client speaks what HTTP/1.1 servers need not.
			if a.Status >= 500 && a.Status != http.StatusNotImplemented && a.Status != http.StatusHTTPVersionNotSupported {
				return fmt.Sprintf("%s: %d to %.400q", s.name, a.Status, raw)
			}
		}
		summaries = append(summaries, summary(answers))
	}
	if summaries[0] == summaries[1] {
		return ""
	}
	// A request that is wrong in two ways is refused for the one or the other.
	if refusal.MatchString(summaries[0]) && refusal.MatchString(summaries[1]) {
		return ""
	}
	return fmt.Sprintf("%q by %s, %q by %s: %.600q", summaries[0], servers[0].name, summaries[1], servers[1].name, raw)
}

// refusal is an answer to what is no proper request, after which the server
// hangs up.
var refusal = regexp.MustCompile(`^(400|413|417|431|501|505|)$`)

func TestAdaptersAgreeOnMalformedRequests(t *testing.T) {
	t.Parallel()
	n := 5000
	if os.Getenv("KEYREEVE_SOAK") != "" {
		n = 50_000
	}
	f := newFixture(t)
	for i, problem := range differences(t.Context(), f, both(t, f, false), n) {
		if t.Error(problem); i == 20 {
			t.Fatal("and more")
		}
	}
}

// The comparison must see an adapter that takes the first of two keys.
func TestAPlantedDifferenceIsSeen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	handler := f.gate.Handler(false)
	planted := serveNet(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if keys := r.Header["X-Api-Key"]; len(keys) > 1 {
			r.Header["X-Api-Key"] = keys[:1]
		}
		handler.ServeHTTP(w, r)
	}))
	if len(differences(t.Context(), f, []server{planted, serveLane(t, f.gate, false)}, 1000)) == 0 {
		t.Error("no difference was seen")
	}
}
