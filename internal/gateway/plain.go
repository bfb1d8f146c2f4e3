package gateway

import (
	"strings"

	"github.com/keyreeve/keyreeve/internal/lane"
)

// plain is the request that nearly all gateways send, and in a form that no two
// readers of HTTP could take for different requests: GET, the path of
// [PathAuth] and perhaps a query, HTTP/1.1, no body, nothing about the
// connection, visible ASCII only. All others are left to net/http.
//
// Its strings are of the bytes it was read from and good for as long as those.
type plain struct {
	target string
	fields [maxFields]field
	n      int
}

type field struct{ name, value string }

// maxFields is how many header lines a plain request may have. Gateways pass on
// those of the client's.
const maxFields = 64

const plainStart, plainVersion = "GET " + PathAuth, " HTTP/1.1"

// read takes in the first request of in. The length is set once it is all there.
func (p *plain) read(in string) (length int, verdict lane.Verdict) {
	if !strings.HasPrefix(in, plainStart) {
		if strings.HasPrefix(plainStart, in) {
			return 0, lane.More
		}
		return 0, lane.HandOver
	}
	line, rest, verdict := cutLine(in)
	if verdict != lane.Answered {
		return 0, verdict
	}
	target, ok := strings.CutSuffix(line[len("GET "):], plainVersion)
	if !ok || !consists(target, inTarget) {
		return 0, lane.HandOver
	}
	p.target, p.n = target, 0
	hosts := 0
	for {
		if line, rest, verdict = cutLine(rest); verdict != lane.Answered {
			return 0, verdict
		}
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		if !ok || name == "" || !consists(name, inName) || !consists(value, inValue) || p.n == maxFields {
			return 0, lane.HandOver
		}
		switch standing(name, value) {
		case anothers:
			return 0, lane.HandOver
		case host:
			hosts++
		case ordinary:
		}
		p.fields[p.n] = field{name, value}
		p.n++
	}
	if hosts != 1 {
		return 0, lane.HandOver
	}
	return len(in) - len(rest), lane.Answered
}

// cutLine cuts off the first line, which ends with a carriage return and a line
// feed. Either of them alone is nothing for a plain request.
func cutLine(in string) (line, rest string, verdict lane.Verdict) {
	end := strings.IndexByte(in, '\n')
	switch {
	case end < 0:
		return "", "", lane.More
	case end == 0 || in[end-1] != '\r':
		return "", "", lane.HandOver
	default:
		return in[:end-1], in[end+1:], lane.Answered
	}
}

// meaning is what a header line is to HTTP itself.
type meaning int

const (
	ordinary meaning = iota
	host
	anothers // says something of the body, the connection or what to wait for
)

// standing finds the headers that a plain request must not have, or not with
// this value. The length of its name spares most the comparison.
func standing(name, value string) meaning {
	switch len(name) {
	case len("te"):
		if strings.EqualFold(name, "te") {
			return anothers
		}
	case len("host"):
		if strings.EqualFold(name, "host") {
			if value == "" || !consists(value, inHost) {
				return anothers
			}
			return host
		}
	case len("expect"):
		if strings.EqualFold(name, "expect") {
			return anothers
		}
	case len("upgrade"): // and trailer
		if strings.EqualFold(name, "upgrade") || strings.EqualFold(name, "trailer") {
			return anothers
		}
	case len("content-length"): // and http2-settings
		if strings.EqualFold(name, "content-length") || strings.EqualFold(name, "http2-settings") {
			return anothers
		}
	case len("connection"):
		if strings.EqualFold(name, "connection") && !strings.EqualFold(value, "keep-alive") {
			return anothers
		}
	case len("transfer-encoding"): // and keyreeve-at-least, which waits
		if strings.EqualFold(name, "transfer-encoding") || strings.EqualFold(name, atLeast.Lower) {
			return anothers
		}
	}
	return ordinary
}

// First implements Header.
func (p *plain) First(name Name) (value string, count int) {
	for i := range p.fields[:p.n] {
		if f := &p.fields[i]; len(f.name) == len(name.Lower) && strings.EqualFold(f.name, name.Lower) {
			if count++; count == 1 {
				value = f.value
			}
		}
	}
	return value, count
}

// Classes of characters. A name is a token (RFC 9110, section 5.6.2); a host is
// narrower than RFC 3986 has it.
const (
	inTarget = 1 << iota
	inName
	inValue
	inHost
)

var classes = func() (t [256]uint8) {
	for c := byte('!'); c <= '~'; c++ {
		t[c] = inTarget | inValue
	}
	t['#'] &^= inTarget
	t[' '], t['\t'] = inValue, inValue
	for c := range t {
		switch b := byte(c); {
		case '0' <= b && b <= '9' || 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z':
			t[c] |= inName | inHost
		case strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0:
			t[c] |= inName
		}
	}
	for _, c := range []byte("-.:[]") {
		t[c] |= inHost
	}
	return t
}()

// consists reports whether all characters of s are of a class.
func consists(s string, class uint8) bool {
	all := class
	for i := range len(s) {
		all &= classes[s[i]]
	}
	return all != 0
}
