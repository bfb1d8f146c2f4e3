package gateway

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"
	"golang.org/x/net/http/httpguts"
)

// recheck refuses what fasthttp lets pass and net/http does not, so that a
// request has one meaning whichever of them reads it.
func recheck(h *fasthttp.RequestHeader) *Refusal {
	http11 := h.IsHTTP11()
	if !http11 && text(h.Protocol()) != "HTTP/1.0" {
		return version
	}
	seen, ok := scan(h.RawHeaders())
	if !ok {
		return malformed
	}
	if seen&seenTransferEncoding != 0 && h.ContentLength() != -1 { // "identity", which is gone from HTTP
		return transferCoding
	}
	if http11 && seen&seenHost == 0 && !h.IsConnect() || !httpguts.ValidHostHeader(text(h.Host())) {
		return malformed
	}
	if target := text(h.RequestURI()); target != PathAuth && !validTarget(target, h.IsConnect()) {
		return malformed
	}
	if seen&seenExpect != 0 {
		if want := text(h.Peek("Expect")); want != "" && !strings.EqualFold(want, "100-continue") {
			return expectation
		}
	}
	return nil
}

// The headers that recheck looks for.
const (
	seenHost = 1 << iota
	seenTransferEncoding
	seenExpect
)

// scan goes over the lines of a header as they came. It is not ok for a line
// that ends without a carriage return, which some servers take for no end, and
// for a name with a space in it.
func scan(raw []byte) (seen int, ok bool) {
	for len(raw) > 0 {
		end := bytes.IndexByte(raw, '\n')
		if end < 1 || raw[end-1] != '\r' {
			return 0, false
		}
		line := raw[:end-1]
		raw = raw[end+1:]
		if len(line) == 0 || line[0] == ' ' || line[0] == '\t' { // the end, or a line that continues the one before
			continue
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 0 || bytes.IndexByte(line[:colon], ' ') >= 0 {
			return 0, false
		}
		switch name := text(line[:colon]); len(name) {
		case len("host"):
			if strings.EqualFold(name, "host") {
				seen |= seenHost
			}
		case len("expect"):
			if strings.EqualFold(name, "expect") {
				seen |= seenExpect
			}
		case len("transfer-encoding"):
			if strings.EqualFold(name, "transfer-encoding") {
				seen |= seenTransferEncoding
			}
		}
	}
	return seen, true
}

// validTarget reports whether net/http would take the target of a request.
func validTarget(target string, connect bool) bool {
	if connect && !strings.HasPrefix(target, "/") {
		target = "http://" + target
	}
	_, err := url.ParseRequestURI(target)
	return err == nil
}
