package gateway

import (
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"
	"golang.org/x/net/http/httpguts"
)

// recheck refuses what fasthttp lets pass and net/http does not, so that a
// request has one meaning whichever of them reads it. Where the two cannot be
// brought to agree, it is the stricter: see TestKnownDifferences. It reports as
// well whether the request awaits a revision, since it looks at each line.
func recheck(h *fasthttp.RequestHeader) (awaits bool, refusal *Refusal) {
	http11 := h.IsHTTP11()
	if !http11 && text(h.Protocol()) != "HTTP/1.0" {
		return false, version
	}
	hasHost, awaits, refusal := rawHeader(text(h.RawHeaders())).check()
	if refusal != nil {
		return false, refusal
	}
	if h.IsConnect() || http11 && !hasHost || !httpguts.ValidHostHeader(text(h.Host())) {
		return false, malformed
	}
	if target := text(h.RequestURI()); target != PathAuth {
		if _, err := url.ParseRequestURI(target); err != nil {
			return false, malformed
		}
	}
	return awaits, nil
}

// rawHeader is the header of a request as it came, line by line. It is what
// the fast adapter goes by: fasthttp's own methods add the trailer of a chunked
// body to the header, so that a key could come from there.
type rawHeader string

// next cuts off the first line, without its end.
func (h rawHeader) next() (line string, rest rawHeader, ok bool) {
	end := strings.IndexByte(string(h), '\n')
	if end < 1 || h[end-1] != '\r' {
		return "", "", false
	}
	return string(h[:end-1]), h[end+1:], true
}

// check refuses a line that ends without a carriage return, which some servers
// take for no end; one that continues the line before, of which RFC 9112 thinks
// no better; a name with a space in it; a transfer coding but chunked, since
// fasthttp drops "identity"; and an expectation but 100-continue.
func (h rawHeader) check() (hasHost, awaits bool, refusal *Refusal) {
	for len(h) > 0 {
		line, rest, ok := h.next()
		if !ok {
			return false, false, malformed
		}
		h = rest
		if line == "" {
			continue
		}
		colon := strings.IndexByte(line, ':')
		if colon < 1 || line[0] == '\t' || strings.IndexByte(line[:colon], ' ') >= 0 {
			return false, false, malformed
		}
		switch colon { // spares most lines the comparison
		case len("host"):
			hasHost = hasHost || strings.EqualFold(line[:colon], "host")
		case len("expect"):
			if strings.EqualFold(line[:colon], "expect") {
				if want := strings.Trim(line[colon+1:], " \t"); want != "" && !strings.EqualFold(want, "100-continue") {
					return false, false, expectation
				}
			}
		case len("transfer-encoding"): // and len("keyreeve-at-least")
			awaits = awaits || strings.EqualFold(line[:colon], atLeast.Lower)
			if strings.EqualFold(line[:colon], "transfer-encoding") && !strings.EqualFold(strings.Trim(line[colon+1:], " \t"), "chunked") {
				return false, false, transferCoding
			}
		}
	}
	return hasHost, awaits, nil
}

// First implements Header for a header that passed check.
func (h rawHeader) First(name Name) (value string, count int) {
	for len(h) > 0 {
		line, rest, _ := h.next()
		h = rest
		if n := len(name.Lower); len(line) > n && line[n] == ':' && strings.EqualFold(line[:n], name.Lower) {
			if count++; count == 1 {
				value = strings.Trim(line[n+1:], " \t")
			}
		}
	}
	return value, count
}
