package client

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keyreeve/keyreeve/api"
)

const (
	maxPage = 100 // Keyreeve's largest limit; OpenAI states none
	maxName = 256 // characters
)

// checkID refuses what cannot be one path segment, and what is a key and not
// the id of one: it would stand in a URL, hence in logs.
func checkID(operation, param, id string) error {
	var message string
	switch {
	case id == "":
		message = "is empty"
	case id == "." || id == "..":
		message = "is not an id"
	case strings.HasPrefix(id, "sk-"):
		message = "is the value of a key; its id begins with key_"
	case !utf8.ValidString(id) || strings.ContainsFunc(id, unicode.IsControl):
		message = "contains a control character or invalid UTF-8"
	case strings.ContainsAny(id, "/?#"):
		message = "contains one of / ? #"
	default:
		return nil
	}
	return &RequestError{operation, param, message}
}

// checkName refuses what no object can be called.
func checkName(operation, name string) error {
	if message := nameFault(name); message != "" {
		return &RequestError{operation, "name", message}
	}
	return nil
}

// turnsText reports whether a character embeds, overrides or isolates a direction
// of text: names with one are refused.
func turnsText(r rune) bool { return '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069' }

// nameFault says what is wrong with the name of an object, or "".
func nameFault(name string) string {
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "contains a control character or invalid UTF-8"
	}
	if strings.ContainsFunc(name, turnsText) {
		return "contains a character that turns the direction of text"
	}
	switch n := utf8.RuneCountInString(strings.TrimSpace(name)); {
	case n == 0:
		return "is empty"
	case n > maxName:
		return fmt.Sprintf("must be at most %d characters, has %d", maxName, n)
	}
	return ""
}

// checkEmail refuses what is no address: more is for the server to say.
func checkEmail(operation, email string) error {
	local, domain, _ := strings.Cut(email, "@")
	if local == "" || domain == "" || strings.ContainsFunc(email, unicode.IsSpace) || nameFault(email) != "" {
		return &RequestError{operation, "email", "is not an e-mail address"}
	}
	return nil
}

// checkChoice refuses a value that is not one of some.
func checkChoice(operation, param, value string, values ...string) error {
	if !slices.Contains(values, value) {
		return &RequestError{operation, param, mustBe(values)}
	}
	return nil
}

// mustBe names two or more values: "must be a, b or c".
func mustBe(values []string) string {
	last := len(values) - 1
	return "must be " + strings.Join(values[:last], ", ") + " or " + values[last]
}

// checkLife refuses a life that no key can have.
func checkLife(operation string, seconds *int64) error {
	if seconds != nil && (*seconds < 1 || *seconds > api.MaxExpiresInSeconds) {
		return &RequestError{operation, "expires_in_seconds", fmt.Sprintf("must be 1 to %d, is %d", api.MaxExpiresInSeconds, *seconds)}
	}
	return nil
}

// checkChange refuses a change of nothing, which a server could take for a
// mistake or do nothing about.
func checkChange[Req comparable](operation, param string, req Req) error {
	if req == *new(Req) {
		return &RequestError{operation, param, "nothing to change was given"}
	}
	return nil
}

// checkNewKey checks what a server says of a key that it has just made.
func checkNewKey(id, value string, asked, expiresAt *int64) error {
	if err := checkKeyValue(value); err != nil {
		return fmt.Errorf("value %w", err)
	}
	if asked != nil && expiresAt == nil {
		return fmt.Errorf("the key was to expire and never does; delete %s", id)
	}
	return nil
}

// checkCommon demands of a response the three members that most objects have.
func checkCommon(object, want, id, timeName string, at int64) error {
	return cmp.Or(
		demand(object == want, "object is not %q", want),
		demand(id != "", "id is missing or empty"),
		demand(at > 0, "%s is missing or not a time", timeName),
	)
}

// demand is an error about a response unless ok.
func demand(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}
