package httpapi

import (
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"
)

// bindQuery fills the query parameters of dst.
//
// Unknown keys are ignored. A parameter without a value (after=) counts as
// absent, whatever its type: clients send null cursors that way. A scalar may
// be given once, an array as key=a&key=b or key[]=a. Integers are written as in
// JSON without fraction or exponent; booleans are true, false, 1 and 0. Only
// "&" separates; a semicolon is a character like others. Of several errors the
// leftmost is told, and what is missing last.
func (p *requestPlan) bindQuery(raw string, dst reflect.Value) *apiError {
	var given, filled uint64 // bits by index into p.query
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		key, value, err := decodePair(pair)
		if err != nil {
			return err
		}
		i, known := p.queryByName[key]
		if !known {
			continue
		}
		m, bit := &p.query[i], uint64(1)<<i
		if given&bit != 0 && m.shape.kind != kindArray {
			return errDuplicateParameter(m.name)
		}
		given |= bit
		if value == "" {
			continue
		}
		filled |= bit
		if broken := m.shape.setText(dst.FieldByIndex(m.index), value); broken != nil {
			return broken(m.name)
		}
	}
	for i := range p.query {
		m := &p.query[i]
		if filled>>i&1 != 0 {
			continue
		}
		if m.required {
			return errMissingParameter(m.name)
		}
		if m.def != "" {
			m.shape.setText(dst.FieldByIndex(m.index), m.def) // tried when the plan was made
		}
	}
	return nil
}

func decodePair(pair string) (key, value string, bad *apiError) {
	key, value, _ = strings.Cut(pair, "=")
	for _, part := range []*string{&key, &value} {
		plain, err := url.QueryUnescape(*part)
		if err != nil {
			return "", "", errMalformedQuery(
				"A percent sign must be followed by two hexadecimal digits; write a percent sign itself as %25.")
		}
		if !utf8.ValidString(plain) {
			return "", "", errMalformedQuery("It holds bytes that are not UTF-8. Percent-encode the UTF-8 form of each character.")
		}
		*part = plain
	}
	return key, value, nil
}
