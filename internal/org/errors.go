package org

import (
	"errors"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/echo"
)

// Kind sorts refusals by what the caller can do about them.
type Kind int

// The kinds of refusal.
const (
	Invalid         Kind = iota + 1 // the request breaks a rule; changing it helps
	NotFound                        // no such object
	Forbidden                       // the caller may not
	Unauthenticated                 // the caller's key has ended since it was let in
)

// Refusal is a rule of the domain saying no. Nothing was changed. Its message
// is written for the caller and holds no secret.
type Refusal struct {
	Kind    Kind
	Code    string // stable identifier of the wire, or empty
	Param   string // the offending parameter, or empty
	Message string
}

func (r *Refusal) Error() string { return r.Message }

// Storage faults, wrapped by every Store method. Neither says anything about
// the request itself.
var (
	// ErrUnavailable: storage could not be reached or refused to write.
	// Nothing was changed; the same call may succeed later.
	ErrUnavailable = errors.New("storage is unavailable")
	// ErrUncertain: the answer to a commit was lost and could not be learned
	// afterwards. The change may or may not stand.
	ErrUncertain = errors.New("storage did not confirm the change, which may have been made")
)

// CodeFormSpent is of a console's form that was sent before.
const CodeFormSpent = "form_spent"

// Codes of refusals, as on the wire.
const (
	codeEmptyString     = "empty_string"
	codeTooLong         = "string_above_max_length"
	codeInvalidValue    = "invalid_value"
	codeAboveMax        = "integer_above_max_value"
	codeBelowMin        = "integer_below_min_value"
	codeTooMany         = "array_above_max_length"
	codeLastAdminAPIKey = "last_admin_api_key"
	codeLastOwner       = "last_owner"
	codeProjectArchived = "project_archived"
	codeDefaultProject  = "default_project"
	codeMissing         = "missing_required_parameter"
	codeAlreadyUser     = "already_user"
	codeAlreadyMember   = "already_member"
	codeAlreadyInvited  = "already_invited"
	codeInviteAccepted  = "invite_accepted"
	codeInvalidInvite   = "invalid_invite_token"
)

func emptyString(param string) error {
	return &Refusal{Kind: Invalid, Code: codeEmptyString, Param: param, Message: fmt.Sprintf(
		"Invalid '%s': empty string. Expected a string with minimum length 1, but got an empty string instead.", param)}
}

func tooLong(param string, limit, got int) error {
	return &Refusal{Kind: Invalid, Code: codeTooLong, Param: param, Message: fmt.Sprintf(
		"Invalid '%s': string too long. Expected a string with maximum length %d, but got a string with length %d instead.",
		param, limit, got)}
}

func tooMany(param string, limit, got int) error {
	return &Refusal{Kind: Invalid, Code: codeTooMany, Param: param, Message: fmt.Sprintf(
		"Invalid '%s': array too long. Expected an array with maximum length %d, but got an array with length %d instead.",
		param, limit, got)}
}

func notOneOf(param, value string, supported []string) error {
	return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: param, Message: fmt.Sprintf(
		"Invalid value: '%s'. Supported values are: %s.", echo.Value(value), echo.List(supported))}
}

func aboveMax(param string, limit, got int64) error {
	return &Refusal{Kind: Invalid, Code: codeAboveMax, Param: param, Message: fmt.Sprintf(
		"Invalid '%s': integer above maximum value. Expected a value <= %d, but got %d instead.", param, limit, got)}
}

func belowMin(param string, limit, got int64) error {
	return &Refusal{Kind: Invalid, Code: codeBelowMin, Param: param, Message: fmt.Sprintf(
		"Invalid '%s': integer below minimum value. Expected a value >= %d, but got %d instead.", param, limit, got)}
}

func controlCharacter(param string, r rune) error {
	return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: param, Message: fmt.Sprintf(
		"Invalid '%s': control characters are not allowed, but it contains %U.", param, r)}
}

func directionCharacter(param string, r rune) error {
	return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: param, Message: fmt.Sprintf(
		"Invalid '%s': characters that turn the direction of text are not allowed, since it would read as something else, but it contains %U.", param, r)}
}

func notEmail(param, email string) error {
	return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: param, Message: fmt.Sprintf(
		"Invalid '%s': '%s' is not an e-mail address. Expected one such as 'ada@example.com'.", param, echo.Value(email))}
}

func notUTF8(param string) error {
	return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: param, Message: fmt.Sprintf("Invalid '%s': it is not UTF-8.", param)}
}

// holdsKey refuses a name that a key was pasted into: names are stored, listed
// and logged.
func holdsKey(param string) error {
	return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: param, Message: fmt.Sprintf(
		"Invalid '%s': it holds what looks like an API key. Names are not secret: say what the key is for.", param)}
}

func notCursor(id, example string) error {
	return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: "after", Message: fmt.Sprintf(
		"Invalid 'after': '%s' is not an id of this list. Expected the id of the last element of the page before, such as '%s'.",
		echo.Value(id), example)}
}

func noSuch(what, id string) error {
	return &Refusal{Kind: NotFound, Message: fmt.Sprintf("No such %s: '%s'.", what, echo.Value(id))}
}
