package org

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keyreeve/keyreeve/internal/token"
)

// checkName accepts 1 to MaxNameLength characters between any spaces at the
// ends, none of them a control character or one that turns the direction of text.
// The name itself is kept as given, since clients compare what they sent with what
// they read.
func checkName(param, name string) error {
	if !utf8.ValidString(name) {
		return notUTF8(param)
	}
	trimmed := strings.TrimSpace(name)
	if trimmed == "" {
		return emptyString(param)
	}
	if n := utf8.RuneCountInString(trimmed); n > MaxNameLength {
		return tooLong(param, MaxNameLength, n)
	}
	if n := utf8.RuneCountInString(name); n > maxNameWithSpaces {
		return tooLong(param, maxNameWithSpaces, n)
	}
	for _, r := range name {
		if unicode.IsControl(r) {
			return controlCharacter(param, r)
		}
		if TurnsText(r) {
			return directionCharacter(param, r)
		}
	}
	if token.In(name) {
		return holdsKey(param)
	}
	return nil
}

// TurnsText reports whether a character embeds, overrides or isolates a direction
// of text. With one, a name reads as another and turns around what stands beside
// it. Names in scripts that are written from right to left need none.
func TurnsText(r rune) bool { return '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069' }

// checkEmail accepts what can be an address: whether there is such a mailbox only
// a mail could tell.
func checkEmail(param, email string) error {
	if err := checkName(param, email); err != nil {
		return err
	}
	local, domain, _ := strings.Cut(email, "@")
	if local == "" || domain == "" || strings.ContainsFunc(email, unicode.IsSpace) {
		return notEmail(param, email)
	}
	return nil
}

func checkExpiry(param string, seconds *int64) error { //nolint:unparam // each check is told whose it is
	switch {
	case seconds == nil:
		return nil
	case *seconds < 1:
		return belowMin(param, 1, *seconds)
	case *seconds > MaxExpiresInSeconds:
		return aboveMax(param, MaxExpiresInSeconds, *seconds)
	default:
		return nil
	}
}

// checkText accepts what checkName does, and nothing at all.
func checkText(param string, text *string) error {
	if text == nil || *text == "" {
		return nil
	}
	return checkName(param, *text)
}

// checkOneOf accepts one of the values of an enumeration.
func checkOneOf[T ~string](param string, value T, supported ...T) error {
	names := make([]string, 0, len(supported))
	for _, s := range supported {
		if value == s {
			return nil
		}
		names = append(names, string(s))
	}
	return notOneOf(param, string(value), names)
}

// set stores a value where there is a new one, and notes under its wire name
// what that changed.
func set[T ~string](changed map[string]any, name string, field, value *T) {
	if value == nil || *value == *field {
		return
	}
	*field = *value
	changed[name] = string(*value)
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
