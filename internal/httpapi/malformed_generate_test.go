package httpapi_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
)

// generator makes requests that are nearly right. The same seed makes the same
// bytes, so that they can be sent to both engines, and one of them again.
type generator struct {
	*rand.Rand
	key     string   // good credentials
	others  []string // credentials that are not
	victims []string // ids of keys that may be deleted
	places  []place  // beside admin keys
}

// place is a resource and the ids in it that may be changed and deleted.
type place struct {
	path string
	ids  []string
}

func (g *generator) one(choices ...string) string { return choices[g.IntN(len(choices))] }

// rarely is true once in n times.
func (g *generator) rarely(n int) bool { return g.IntN(n) == 0 }

// request returns the bytes of one request, now and then of more.
func (g *generator) request() []byte {
	method := g.one("GET", "GET", "POST", "POST", "POST", "DELETE")
	if g.rarely(8) {
		method = g.one("HEAD", "PUT", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "PRI", "X", "", "GE T", strings.Repeat("M", 300))
	}
	var body []byte
	if method == "POST" || g.rarely(10) {
		body = g.body()
	}
	target := g.path(method)
	if method == "GET" && g.rarely(2) || g.rarely(8) {
		target += "?" + g.query()
	}
	version := "HTTP/1.1"
	if g.rarely(30) {
		version = g.one("HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/1", "http/1.1", "HTTP/11", "")
	}
	eol := "\r\n"
	if g.rarely(40) {
		eol = g.one("\n", "\r", "\n\r")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s %s%s", method, target, version, eol)
	for _, line := range g.header(len(body) > 0) {
		b.WriteString(line + eol)
	}
	g.frame(&b, body, eol)
	text := b.Bytes()
	if g.rarely(5) {
		text = g.mutate(text)
	}
	return text
}

func (g *generator) path(method string) string {
	at := place{keysPath, g.victims}
	if len(g.places) > 0 && g.rarely(3) {
		at = g.places[g.IntN(len(g.places))]
	}
	if method == "DELETE" || g.rarely(4) || at.path == usersPath && g.rarely(2) {
		path := at.path + "/" + g.idOf(at.ids)
		if strings.HasSuffix(at.path, "/service_accounts") && g.rarely(3) {
			path += g.one("/api_keys", "/api_keys", "/api_keys/", "/API_keys", "/api_keys/key_x")
		}
		if at.path == projectsPath && g.rarely(3) {
			path += g.one("/archive", "/archive", "/archive", "/archive/", "/Archive", "/unarchive")
		}
		return path
	}
	if g.rarely(8) {
		return g.one("/", "*", "", "/v1", "/v1/", "//", keysPath+"/", keysPath+"//", "/v1/organization/../organization/admin_api_keys",
			"/v1/./organization/admin_api_keys", "/v1/organization%2fadmin_api_keys", "/v1/%6frganization/admin_api_keys",
			"http://other"+keysPath, "http://"+keysPath, "other:80", keysPath+"/"+g.noise(), "/"+g.noise(), "/v1/"+g.one("models", "chat/completions"))
	}
	return at.path
}

func (g *generator) id() string { return g.idOf(g.victims) }

func (g *generator) idOf(ids []string) string {
	id := ids[g.IntN(len(ids))]
	switch g.IntN(6) {
	case 0:
		return url.PathEscape(g.noise())
	case 1:
		return g.one("%00", "%ff", "..", ".", "%2e%2e", "a%2Fb", "key_", strings.ToLower(id), id+"0", id[:20], "user_"+id[4:], "key%5f"+id[4:], "%", "%zz", "key_x;y", strings.Repeat("k", 3000))
	default:
		return id
	}
}

func (g *generator) query() string {
	var pairs []string
	for range 1 + g.IntN(4) {
		name := g.one("limit", "limit", "after", "order", "order", "limit[]", "l%69mit", "Limit", "x", g.escaped(), "",
			"emails", "emails[]", "emails%5B%5D", "include_archived", "owner_project_access")
		value := g.one("0", "1", "20", "100", "101", "-1", "-0", "007", "1e2", "1.0", "99999999999999999999", "", "asc", "desc", "ASC", "null", "true",
			g.id(), g.id(), g.escaped(), g.escaped(), g.escaped(), g.noise(), "%", "%zz", "%00", "%ff", "+", "%20", "a;b", "'", "sk-admin-")
		pairs = append(pairs, name+g.one("=", "=", "=", "=", "", "==")+value)
	}
	return strings.Join(pairs, g.one("&", "&", "&", "&&", ";"))
}

func (g *generator) header(body bool) []string {
	lines := []string{"Host: x"}
	if g.rarely(50) {
		lines[0] = "Host: " + g.one("localhost:1", "a b", "", "[::1]", "[", g.noise())
	}
	auth := "Authorization: Bearer " + g.key
	if g.rarely(8) {
		auth = g.one("Authorization: Bearer "+g.others[g.IntN(len(g.others))], "authorization:bearer "+g.key, "Authorization: Basic eA==", "Authorization:",
			"Authorization: Bearer", "Authorization: "+g.key, "Authorization: Bearer "+g.noise(), auth+"\r\n"+auth, "X: y", "Authorization : Bearer "+g.key, "Authorization: Bearer "+g.key+g.noise())
	}
	lines = append(lines, auth)
	if body {
		contentType := "application/json"
		if g.rarely(8) {
			contentType = g.one("", "text/plain", "application/json; charset=utf-8", "application/json;", "application/jsonp", "a", "multipart/form-data; boundary=x", g.noise())
		}
		lines = append(lines, "Content-Type: "+contentType)
	}
	for g.rarely(4) {
		lines = append(lines, g.one("Accept: */*", "User-Agent: "+g.noise(), "Content-Encoding: gzip", "Content-Encoding: identity", "Expect: 100-continue", "Expect: x",
			"Connection: close", "Connection: keep-alive, x", "X-Forwarded-For: "+g.noise(), "OpenAI-Organization: org-x", "Upgrade: h2c", "Range: bytes=0-1",
			"If-None-Match: *", "Cookie: "+g.noise(), "X-HTTP-Method-Override: DELETE", "Host: second", ": empty name", "no colon", " folded", "X-Y: \x00", "É: é",
			"Trailer: Content-Length", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "Transfer-Encoding: identity", "Content-Length: 0", "Content-Length: -1",
			"Content-Length: +5", "Content-Length: 99999999999999999999", "X-Long: "+strings.Repeat("l", g.IntN(30000))))
	}
	return lines
}

// frame says how long the body is, mostly the truth.
func (g *generator) frame(b *bytes.Buffer, body []byte, eol string) {
	switch {
	case len(body) == 0 && !g.rarely(20):
		b.WriteString(eol)
	case g.rarely(12):
		b.WriteString("Transfer-Encoding: " + g.one("chunked", "chunked", "chunked", "chunked", "chunked", "Chunked", "chunked, chunked", "x") + eol + eol)
		for len(body) > 0 {
			n := 1 + g.IntN(len(body))
			fmt.Fprintf(b, g.one("%x%s\r\n", "%x%s\r\n", "%x%s\r\n", "%x%s\r\n", "%X%s\r\n", "0%x%s\r\n", "-%x%s\r\n"), n, g.one("", "", ";a=b"))
			b.Write(body[:n])
			b.WriteString(g.one("\r\n", "\r\n", "\r\n", "\n"))
			body = body[n:]
		}
		b.WriteString(g.one("0\r\n\r\n", "0\r\n\r\n", "0\r\nX: y\r\n\r\n", "0\r\n", ""))
	case g.rarely(40):
		fmt.Fprintf(b, "Content-Length: %d%s%s%s", max(0, len(body)+g.IntN(9)-4), eol, eol, body)
	default:
		fmt.Fprintf(b, "Content-Length: %d%s%s%s", len(body), eol, eol, body)
	}
}

func (g *generator) body() []byte {
	if g.rarely(400) {
		return append(bytes.Repeat([]byte(" "), 250_000+g.IntN(20_000)), `{"name":"big"}`...)
	}
	if g.rarely(12) {
		return []byte(g.one("", "{", "[]", "null", "1e999", `"`, "\xef\xbb\xbf{}", strings.Repeat("[", 40), strings.Repeat(`{"a":`, 33), g.noise(), `{"name":"a"}{"name":"b"}`))
	}
	var members []string
	for range 1 + g.IntN(3) {
		name := g.one("name", "name", "name", "expires_in_seconds", "expires_in_seconds", "Name", "role", "role_id", "external_key_id", "residency", "technical_level", "scopes", "user_id", "create_service_account_only", "n\\u0061me", "", g.noise())
		members = append(members, `"`+name+`"`+g.one(":", ":", " : ", "=")+g.json(3))
	}
	text := []byte("{" + strings.Join(members, g.one(",", ",", ",", ",,", " ")) + g.one("}", "}", "}", "}", ",}", "]"))
	if g.rarely(4) {
		text = g.mutate(text)
	}
	return text
}

// json is a value, mostly of JSON.
func (g *generator) json(depth int) string {
	switch g.IntN(8) {
	case 0:
		return g.one("null", "true", "false", "NaN", "undefined", "''", "01", "+1", ".5", "1.", "-", "0x1")
	case 1, 2, 3:
		return g.one("0", "1", "-1", "60", "31536000", "31536001", "1.0", "1e1", "1.5", "-0", "1e400", "12345678901234567890", "2147483648")
	case 4:
		if depth > 0 {
			return g.one("[", "{\"a\":") + g.json(depth-1) + g.one("]", "}")
		}
		return "[]"
	default:
		return `"` + g.one("a", "deploy", "owner", "reader", "EU_STORAGE_PROCESSING", "", " ", " padded ", "\\u0000", "\\ud800", "\\ud83d\\udc4d", "\\x", "\n", "\x7f", "\\u0085", "ä", "👍", "\xff", "\\\"",
			strings.Repeat("x", 256), strings.Repeat("x", 257), strings.Repeat("👍", 256), g.noise()) + `"`
	}
}

// escaped is noise as a query holds it.
func (g *generator) escaped() string { return url.QueryEscape(g.noise()) }

// noise is a little of anything, also of what is not text.
func (g *generator) noise() string {
	b := make([]byte, g.IntN(12))
	for i := range b {
		if b[i] = byte(' ' + g.IntN(95)); g.rarely(6) {
			b[i] = byte(g.IntN(256))
		}
	}
	return string(b)
}

// mutate damages a few places of text.
func (g *generator) mutate(text []byte) []byte {
	for range 1 + g.IntN(3) {
		if len(text) == 0 {
			return text
		}
		at := g.IntN(len(text))
		end := min(len(text), at+1+g.IntN(8))
		switch g.IntN(6) {
		case 0:
			text[at] = byte(g.IntN(256))
		case 1:
			text[at] ^= 1 << g.IntN(8)
		case 2:
			text = append(text[:at:at], text[end:]...)
		case 3:
			text = append(text[:at:at], append([]byte(g.noise()), text[at:]...)...)
		case 4:
			text = append(text[:end:end], text[at:]...)
		case 5:
			if g.rarely(4) {
				text = text[:at]
			}
		}
	}
	return text
}
