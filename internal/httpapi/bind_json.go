package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyreeve/keyreeve/internal/echo"
)

// maxDepth is how deep objects and arrays of a body may nest.
const maxDepth = 32

// A bodyWalk reads a body once. What is wrong with the content is remembered,
// the first of each sort, while the rest is still read for its syntax.
type bodyWalk struct {
	dec *jsontext.Decoder

	syntax                    *apiError // ends the walk
	unknown, invalid, missing *apiError
}

// decodeBody fills dst with the JSON text body.
func decodeBody(body []byte, dst reflect.Value, s *shape) *apiError {
	if bytes.HasPrefix(body, []byte("\uFEFF")) {
		return errMalformedBody("It begins with a byte order mark: send plain UTF-8.")
	}
	if !utf8.Valid(body) {
		return errMalformedBody("It is not valid UTF-8.")
	}
	w := &bodyWalk{dec: jsontext.NewDecoder(bytes.NewBuffer(body))}
	if w.value(dst, s) {
		w.end()
	}
	for _, err := range []*apiError{w.syntax, w.unknown, w.invalid, w.missing} {
		if err != nil {
			return err
		}
	}
	return nil
}

// value reads the next value into dst. It returns false where the body turned
// out not to be JSON, as all methods do that read.
func (w *bodyWalk) value(dst reflect.Value, s *shape) bool {
	tok, ok := w.next()
	if !ok {
		return false
	}
	var broken violation
	k := tok.Kind() // the token itself ends with the next read
	switch {
	case k == 'n' && s.nullable:
	case k == '{' && s.kind == kindObject:
		return w.object(target(dst), s)
	case k == '[' && s.kind == kindArray:
		return w.array(target(dst), s)
	case k == '"' && s.kind == kindString:
		broken = s.setString(dst, tok.String())
	case k == '0' && s.kind == kindInteger:
		broken = s.setNumber(dst, tok.String())
	case (k == 't' || k == 'f') && s.kind == kindBoolean:
		target(dst).SetBool(k == 't')
	default:
		broken = s.wrongType(tokenType(tok))
	}
	if broken != nil && w.invalid == nil {
		w.invalid = broken(w.param())
	}
	return w.skip(k)
}

func (w *bodyWalk) object(dst reflect.Value, s *shape) bool {
	var given uint64 // bits by index into s.members
	for {
		tok, ok := w.next()
		if !ok {
			return false
		}
		if tok.Kind() == '}' {
			break
		}
		i, known := s.byName[tok.String()]
		if !known {
			if !w.skipUnknown() {
				return false
			}
			continue
		}
		given |= 1 << i
		if !w.value(dst.FieldByIndex(s.members[i].index), s.members[i].shape) {
			return false
		}
	}
	for i, m := range s.members {
		if m.required && given>>i&1 == 0 && w.missing == nil {
			w.missing = errMissingParameter(strings.TrimPrefix(w.param()+"."+m.name, "."))
		}
	}
	return true
}

func (w *bodyWalk) array(dst reflect.Value, s *shape) bool {
	dst.Set(reflect.MakeSlice(dst.Type(), 0, 0)) // [] is not absent
	for w.dec.PeekKind() != ']' {
		elem := reflect.New(dst.Type().Elem()).Elem()
		if !w.value(elem, s.elem) {
			return false
		}
		dst.Set(reflect.Append(dst, elem))
	}
	_, ok := w.next()
	return ok
}

func (w *bodyWalk) skipUnknown() bool {
	if w.unknown == nil {
		w.unknown = errUnknownParameter(w.param())
	}
	tok, ok := w.next()
	return ok && w.skip(tok.Kind())
}

// skip reads to the end of the value whose first token was of kind k. Token by
// token, for the sake of the depth.
func (w *bodyWalk) skip(k jsontext.Kind) bool {
	if k != '{' && k != '[' {
		return true
	}
	for outside := w.dec.StackDepth() - 1; w.dec.StackDepth() > outside; {
		if _, ok := w.next(); !ok {
			return false
		}
	}
	return true
}

func (w *bodyWalk) next() (jsontext.Token, bool) {
	tok, err := w.dec.ReadToken()
	switch {
	case err != nil:
		w.syntax = syntaxError(err)
	case w.dec.StackDepth() > maxDepth:
		w.syntax = errMalformedBody(fmt.Sprintf("It is nested too deeply: at most %d levels are accepted.", maxDepth))
	}
	return tok, w.syntax == nil
}

// end demands that nothing follows.
func (w *bodyWalk) end() {
	if _, err := w.dec.ReadToken(); !errors.Is(err, io.EOF) {
		w.syntax = errMalformedBody("Something follows after the JSON object: send one object only.")
	}
}

func syntaxError(err error) *apiError {
	var at *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errMalformedBody("It ends before the JSON value is complete.")
	case !errors.As(err, &at):
		return errMalformedBody("It is not JSON.")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errMalformedBody(fmt.Sprintf("The member '%s' is given twice in one object.", echo.Value(at.JSONPointer.LastToken())))
	}
	return errMalformedBody(fmt.Sprintf("Syntax error at byte %d: %s.", at.ByteOffset, echo.Value(at.Err.Error())))
}

// param names the value read last as error messages do: projects[0].id. It is
// empty for the body as a whole.
func (w *bodyWalk) param() string {
	var b strings.Builder
	depth := 0
	for name := range w.dec.StackPointer().Tokens() {
		depth++
		switch in, _ := w.dec.StackIndex(depth); {
		case in == '[':
			b.WriteString("[" + name + "]")
		case depth > 1:
			b.WriteString("." + name)
		default:
			b.WriteString(name)
		}
	}
	return b.String()
}

// tokenType says what a token begins, in the words of an error message.
func tokenType(tok jsontext.Token) string {
	switch tok.Kind() {
	case '{':
		return string(kindObject)
	case '[':
		return string(kindArray)
	case '"':
		return string(kindString)
	case 't', 'f':
		return string(kindBoolean)
	case 'n':
		return "null"
	default:
		if _, class := parseInteger(tok.String()); class == fraction {
			return "a decimal number"
		}
		return string(kindInteger)
	}
}
