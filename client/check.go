package client

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
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

// nameFault says what is wrong with the name of an object, or "".
func nameFault(name string) string {
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "contains a control character or invalid UTF-8"
	}
	switch n := utf8.RuneCountInString(strings.TrimSpace(name)); {
	case n == 0:
		return "is empty"
	case n > maxName:
		return fmt.Sprintf("must be at most %d characters, has %d", maxName, n)
	}
	return ""
}
