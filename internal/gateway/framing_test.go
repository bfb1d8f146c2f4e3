package gateway_test

import (
	"strings"
	"testing"
	"time"
)

// TestFraming sends whole conversations as bytes: what each adapter answers to
// them, in order, and that it hangs up or goes on at the right place.
func TestFraming(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	servers := both(t, f, false)
	const host, key, end = "Host: g", "X-Api-Key: {admin}", "Connection: close"
	good := lines("GET /gateway/auth HTTP/1.1", host, key)
	last := lines("GET /gateway/auth HTTP/1.1", host, key, end)
	chunked := func(body string, header ...string) string {
		return lines(append([]string{"POST /gateway/auth HTTP/1.1", host, key, "Transfer-Encoding: chunked"}, header...)...) + body
	}
	sized := func(size, body string, header ...string) string {
		return lines(append([]string{"POST /gateway/auth HTTP/1.1", host, key, "Content-Length: " + size}, header...)...) + body
	}
	get := func(target string) string { return lines("GET "+target+" HTTP/1.1", host, key, end) }
	for _, test := range []struct{ name, raw, want string }{
		{"keep-alive and pipelining", good + good + last, "200 200 200"},
		{"every method", lines("PROPFIND /gateway/auth HTTP/1.1", host, key) + lines("DELETE /gateway/auth HTTP/1.1", host, key, end), "200 200"},
		{"HTTP/1.0", lines("GET /gateway/auth HTTP/1.0", key), "200"},
		{"HTTP/1.0 that stays", lines("GET /gateway/auth HTTP/1.0", key, "Connection: keep-alive") + last, "200 200"},
		{"other versions", lines("GET /gateway/auth HTTP/1.2", host, key), "505"},
		{"HTTP/2 by name", lines("GET /gateway/auth HTTP/2.0", host, key), "505"},
		{"HTTP/2 in earnest", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"},

		{"absolute form", get("http://other/gateway/auth"), "200"},
		{"absolute form of another scheme", get("ftp://g/gateway/auth"), "404"},
		{"query", get("/gateway/auth?x=y&kind=admin"), "200"},
		{"empty query", get("/gateway/auth?"), "200"},
		{"kind twice", get("/gateway/auth?kind=admin&kind=admin"), "400"},
		{"empty kind", get("/gateway/auth?kind="), "400"},
		{"kind behind a semicolon", get("/gateway/auth?x;kind=project"), "400"},
		{"bad escape in the query", get("/gateway/auth?kind=%zz"), "400"},
		{"escaped kind", get("/gateway/auth?%6bind=proj%65ct"), "403"},
		{"trailing slash", get("/gateway/auth/"), "404"},
		{"two slashes", get("//gateway/auth"), "404"},
		{"two slashes inside", get("/gateway//auth"), "404"},
		{"dots", get("/gateway/../gateway/auth"), "404"},
		{"a dot", get("/gateway/./auth"), "404"},
		{"escaped slash", get("/gateway%2fauth"), "404"},
		{"escaped letter", get("/gateway/%61uth"), "404"},
		{"bad escape", get("/gateway/auth%"), "400"},
		{"upper case", get("/Gateway/auth"), "404"},
		{"fragment", get("/gateway/auth#x"), "404"},
		{"asterisk", lines("OPTIONS * HTTP/1.1", host, key, end), "404"},
		{"asterisk of another method", lines("GET * HTTP/1.1", host, key, end), "400"},
		{"tunnel to a path", lines("CONNECT /gateway/auth HTTP/1.1", host, key, end), "400"},
		{"tunnel", lines("CONNECT gateway:80 HTTP/1.1", host, key, end), "400"},

		{"no host", lines("GET /gateway/auth HTTP/1.1", key, end), "400"},
		{"empty host", lines("GET /gateway/auth HTTP/1.1", "Host:", key, end), "400"},
		{"two hosts", lines("GET /gateway/auth HTTP/1.1", host, host, key, end), "400"},
		{"bad host", lines("GET /gateway/auth HTTP/1.1", "Host: a/b", key, end), "400"},
		{"no version", lines("GET /gateway/auth", host, key), "400"},
		{"no target", lines("GET  HTTP/1.1", host, key), "400"},
		{"bad method", lines("GE(T /gateway/auth HTTP/1.1", host, key), "400"},
		{"no colon", lines("GET /gateway/auth HTTP/1.1", host, "X-Api-Key", key), "400"},
		{"space before the colon", lines("GET /gateway/auth HTTP/1.1", host, "X-Api-Key : {admin}"), "400"},
		{"space in a name", lines("GET /gateway/auth HTTP/1.1", host, key, "X Y: z"), "400"},
		{"no name", lines("GET /gateway/auth HTTP/1.1", host, key, ": z"), "400"},
		{"first line goes on", lines("GET /gateway/auth HTTP/1.1", " x: y", host, key), "400"},
		{"zero byte", lines("GET /gateway/auth HTTP/1.1", host, "X-Api-Key: {admin}\x00"), "400"},
		{"lone carriage return", lines("GET /gateway/auth HTTP/1.1", host, "X-Api-Key: {admin}\rX-Api-Key: x"), "400"},
		{"delete character", lines("GET /gateway/auth HTTP/1.1", host, key, "X: \x7f"), "400"},

		{"15 KiB of header", lines("GET /gateway/auth HTTP/1.1", host, key, end, "X: "+strings.Repeat("y", 15<<10)), "200"},
		{"32 KiB of header", lines("GET /gateway/auth HTTP/1.1", host, key, "X: "+strings.Repeat("y", 32<<10)), "431"},
		{"32 KiB of target", lines("GET /gateway/auth?"+strings.Repeat("y", 32<<10)+" HTTP/1.1", host, key), "431"},
		{"32 KiB of lines", lines("GET /gateway/auth HTTP/1.1", host, key, strings.Repeat("a: b\r\n", 6<<10)+"c: d"), "431"},

		{"body", sized("5", "hello") + last, "200 200"},
		{"a request as a body", sized("60", strings.Repeat(" ", 60)) + last, "200 200"},
		{"empty body", sized("0", "") + last, "200 200"},
		{"GET with a body", lines("GET /gateway/auth HTTP/1.1", host, key, "Content-Length: 5") + "hello" + last, "200 200"},
		{"HEAD with a body", lines("HEAD /gateway/auth HTTP/1.1", host, key, "Content-Length: 5") + "hello" + last, "200 200"},
		{"4096 bytes of body", sized("4096", strings.Repeat("x", 4096)) + last, "200 200"},
		{"4097 bytes of body", sized("4097", strings.Repeat("x", 4097)) + last, "413"},
		{"a body of exabytes", sized("9223372036854775807", "x"), "413"},
		{"a length beyond numbers", sized("99999999999999999999", "x"), "400"},
		{"negative length", sized("-1", ""), "400"},
		{"signed length", sized("+5", "hello") + last, "400"},
		{"hexadecimal length", sized("0x5", "hello") + last, "400"},
		{"list of lengths", sized("5, 5", "hello") + last, "400"},
		{"two different lengths", sized("5", "hello", "Content-Length: 6") + last, "400"},
		{"empty length", sized("", "hello") + last, "400"},
		{"multipart", sized("5", "hello", "Content-Type: multipart/form-data; boundary=x") + last, "200 200"},
		{"refused with a body", strings.Replace(sized("5", "hello"), "{admin}", "x", 1) + last, "401 200"},
		{"unknown path with a body", strings.Replace(sized("5", "hello"), "auth", "x", 1) + last, "404 200"},
		{"expectation", sized("5", "hello", "Expect: 100-continue") + last, "200 200"},
		{"two expectations", sized("5", "hello", "Expect:", "Expect: 100-continue", "Expect: cake") + last, "417"},
		{"another expectation", sized("5", "hello", "Expect: cake") + last, "417"},

		{"chunks", chunked("5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n") + last, "200 200"},
		{"no chunk", chunked("0\r\n\r\n") + last, "200 200"},
		{"trailer", chunked("0\r\nX-Api-Key: x\r\n\r\n", "Trailer: X-Api-Key") + last, "200 200"},
		{"key in a trailer", strings.Replace(chunked("0\r\nX-Api-Key: {admin}\r\n\r\n", "Trailer: X-Api-Key"), key+"\r\n", "", 1) + last, "401 200"},
		{"chunks beyond 4096 bytes", chunked("1001\r\n" + strings.Repeat("x", 4097) + "\r\n0\r\n\r\n"), "413"},
		{"bad chunk size", chunked("x\r\n\r\n") + last, "400"},
		{"huge chunk size", chunked("fffffffffffffffff\r\n\r\n") + last, "400"},
		{"chunk longer than said", chunked("1\r\nhello\r\n0\r\n\r\n") + last, "400"},
		{"length beside chunks", chunked("0\r\n\r\n", "Content-Length: 5"), "200"},
		{"chunks in upper case", strings.Replace(chunked("0\r\n\r\n"), "chunked", "CHUNKED", 1) + last, "200 200"},
		{"unknown coding", strings.Replace(chunked("0\r\n\r\n"), "chunked", "gzip, chunked", 1) + last, "501"},
		{"identity", strings.Replace(chunked("0\r\n\r\n"), "chunked", "identity", 1) + last, "501"},
		{"two codings", chunked("0\r\n\r\n", "Transfer-Encoding: chunked") + last, "501"},
		{"coding before a control character", strings.Replace(chunked("0\r\n\r\n"), "chunked", "\x0bchunked", 1) + last, "400"},
	} {
		for _, s := range servers {
			head := strings.HasPrefix(test.raw, "HEAD")
			answers, err := converse(t.Context(), s, f.fill(test.raw), head)
			if err != nil || statuses(answers) != test.want {
				t.Errorf("%s by %s: %q, %v, want %q", test.name, s.name, statuses(answers), err, test.want)
			}
		}
	}
}

// What never ends is hung up on, with an answer or without.
func TestSlowRequestsAreHungUpOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, s := range both(t, f, false) {
		for name, raw := range map[string]string{
			"nothing":           "",
			"request line":      "GET /gateway/au",
			"header":            "GET /gateway/auth HTTP/1.1\r\nHost: g\r\nX-Api-Key: " + f.admin + "\r\n",
			"bare line feeds":   "GET /gateway/auth HTTP/1.1\nHost: g\nX-Api-Key: " + f.admin,
			"body":              lines("POST /gateway/auth HTTP/1.1", "Host: g", "X-Api-Key: "+f.admin, "Content-Length: 5") + "hell",
			"chunk":             lines("POST /gateway/auth HTTP/1.1", "Host: g", "X-Api-Key: "+f.admin, "Transfer-Encoding: chunked") + "5\r\nhel",
			"end of chunks":     lines("POST /gateway/auth HTTP/1.1", "Host: g", "X-Api-Key: "+f.admin, "Transfer-Encoding: chunked") + "0\r\n",
			"expected go-ahead": lines("POST /gateway/auth HTTP/1.1", "Host: g", "X-Api-Key: "+f.admin, "Expect: 100-continue", "Content-Length: 5"),
		} {
			t.Run(name+" by "+s.name, func(t *testing.T) {
				t.Parallel()
				start := time.Now()
				answers, err := converse(t.Context(), s, raw)
				if got := statuses(answers); err != nil || got != "" && got != "408" && got != "400" {
					t.Errorf("%q %v", got, err)
				}
				if took := time.Since(start); took > 10*shortRead {
					t.Errorf("after %s", took)
				}
			})
		}
	}
}
