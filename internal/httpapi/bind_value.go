package httpapi

import (
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A violation is an error that does not know yet where it stands: the name of a
// parameter in a body is put together only when it is needed. nil: all is well.
type violation func(param string) *apiError

func (s *shape) wrongType(got string) violation {
	return func(param string) *apiError { return errInvalidType(param, string(s.kind), got) }
}

// setText stores one value of a query. An array grows by it.
func (s *shape) setText(dst reflect.Value, text string) violation {
	switch s.kind {
	case kindArray:
		elem := reflect.New(dst.Type().Elem()).Elem()
		if broken := s.elem.setText(elem, text); broken != nil {
			return broken
		}
		dst.Set(reflect.Append(dst, elem))
		return nil
	case kindInteger:
		if !isDecimal(text) {
			return s.wrongType(textType(text))
		}
		return s.setNumber(dst, text)
	case kindBoolean:
		if text != "true" && text != "false" && text != "1" && text != "0" {
			return s.wrongType("a string")
		}
		target(dst).SetBool(text == "true" || text == "1")
		return nil
	default:
		return s.setString(dst, text)
	}
}

func (s *shape) setString(dst reflect.Value, text string) violation {
	if s.enum != nil && !slices.Contains(s.enum, text) {
		return func(param string) *apiError { return errInvalidEnum(param, text, s.enum) }
	}
	target(dst).SetString(text)
	return nil
}

// setNumber stores a JSON number. A number beyond the Go type breaks its bound
// where it has one, and is of the wrong type where it has none.
func (s *shape) setNumber(dst reflect.Value, text string) violation {
	n, class := parseInteger(text)
	field := target(dst)
	if class == inRange && field.OverflowInt(n) {
		class = tooLarge
		if n < 0 {
			class = tooSmall
		}
	}
	switch {
	case class == fraction:
		return s.wrongType("a decimal number")
	case s.max != nil && (class == tooLarge || class == inRange && n > *s.max):
		return func(param string) *apiError { return errAboveMax(param, *s.max, text) }
	case s.min != nil && (class == tooSmall || class == inRange && n < *s.min):
		return func(param string) *apiError { return errBelowMin(param, *s.min, text) }
	case class != inRange:
		return func(param string) *apiError {
			return errInvalidType(param, "a 64-bit integer", "one outside that range")
		}
	}
	field.SetInt(n)
	return nil
}

// target is where a value for dst goes, behind its pointer where it is one.
func target(dst reflect.Value) reflect.Value {
	if dst.Kind() != reflect.Pointer {
		return dst
	}
	if dst.IsNil() {
		dst.Set(reflect.New(dst.Type().Elem()))
	}
	return dst.Elem()
}

// isDecimal reports whether s is an integer as JSON writes one, without a
// fraction or an exponent.
func isDecimal(s string) bool {
	if s != "" && s[0] == '-' {
		s = s[1:]
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s == "0" || s != "" && s[0] != '0'
}

// textType says what a query value that is no integer looks like.
func textType(s string) string {
	if strings.Trim(s, "0123456789.eE+-") == "" && jsontext.Value(s).IsValid() {
		return "a decimal number"
	}
	return "a string"
}
