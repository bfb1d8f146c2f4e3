package gateway

import (
	"fmt"
	"net/textproto"
	"slices"
	"strings"

	"github.com/keyreeve/keyreeve/internal/token"
)

// Header is a request's header as an adapter has it.
type Header interface {
	// First returns the first value of a header, and how many it has.
	First(Name) (value string, count int)
}

// Name is the name of a header in the two spellings that adapters need.
type Name struct {
	Canonical string // X-Api-Key
	Lower     string // x-api-key
}

// DefaultKeyHeaders are where a key is looked for: as OpenAI's clients send
// it, as Anthropic's, and as Azure's.
var DefaultKeyHeaders = []string{"authorization", "x-api-key", "api-key"}

// source is a header that may hold a key.
type source struct {
	Name
	bearer bool // the key follows the word Bearer
}

var (
	authorization = Name{"Authorization", "authorization"}
	modelHeader   = Name{headerModel, strings.ToLower(headerModel)}
)

// parseSources reads the names of headers, in order of preference. The key
// stands alone in each but Authorization.
func parseSources(names []string) ([]source, error) {
	if len(names) == 0 {
		names = DefaultKeyHeaders
	}
	var out []source
	for _, text := range names {
		text = strings.TrimSpace(text)
		if text == "" || strings.ContainsFunc(text, func(r rune) bool {
			return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-')
		}) {
			return nil, fmt.Errorf("%q is not the name of a header", text)
		}
		name := Name{textproto.CanonicalMIMEHeaderKey(text), strings.ToLower(text)}
		if slices.Contains(withoutValues, name.Lower) {
			return nil, fmt.Errorf("the header %q cannot hold a key", text)
		}
		s := source{name, name == authorization}
		if slices.Contains(out, s) {
			return nil, fmt.Errorf("the header %q is named twice", text)
		}
		out = append(out, s)
	}
	return out, nil
}

// withoutValues are headers that an HTTP server takes for itself, so that not
// every adapter would see them.
var withoutValues = []string{
	"connection", "content-length", "content-type", "cookie", "expect", "host", "trailer", "transfer-encoding",
	"upgrade", "user-agent",
}

// credentials is what a request presents.
type credentials int

const (
	noKey credentials = iota
	oneKey
	ambiguous // two different keys, or one header twice
)

// present finds the key of a request. A request with two different keys is
// ambiguous: the gateway or the model server might go by the other one. So is a
// header that came twice, also where a proxy has joined the two by a comma,
// which no key contains.
func (g *Gate) present(h Header) (key string, found credentials) {
	for i := range g.sources {
		s := &g.sources[i]
		value, count := h.First(s.Name)
		if count == 0 {
			continue
		}
		if count > 1 || strings.IndexByte(value, ',') >= 0 {
			return "", ambiguous
		}
		if s.bearer {
			value, _ = token.Bearer(value)
		} else {
			value = strings.Trim(value, " \t")
		}
		switch {
		case value == "" || value == key:
		case found == oneKey:
			return "", ambiguous
		default:
			key, found = value, oneKey
		}
	}
	return key, found
}
