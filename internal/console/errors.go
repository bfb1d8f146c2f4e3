package console

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/token"
)

// problem is an error with a page of its own.
type problem struct {
	status      int
	title, text string
}

func (p *problem) Error() string { return p.title }

var (
	errNoPage = &problem{http.StatusNotFound, "There is no such page",
		"The address leads nowhere. What you look for may have been removed; the audit log under Activity tells."}
	errBadForm = &problem{http.StatusBadRequest, "The form could not be read",
		"What the browser sent was not a form of this console, or it was too long. Nothing was changed. Go back and try again."}
	errCrossSite = &problem{http.StatusForbidden, "This came from another place",
		"The request was sent from another site, or the browser takes this address for unsafe and does not say where it came from. " +
			"Nothing was changed. Open the console itself, over HTTPS or on this machine, and do it there."}
	errUnknowable = &problem{http.StatusServiceUnavailable, "This server cannot tell at the moment",
		"It has lost touch with its database and does not know which keys are good. It comes back by itself; reload in a moment."}
	errStorage = &problem{http.StatusServiceUnavailable, "The database does not answer",
		"Nothing was changed. Try again in a moment."}
	errUncertain = &problem{http.StatusServiceUnavailable, "It is not known whether the change was made",
		"The database did not confirm it. Look at the list or at Activity before you do it again."}
	errEnded = &problem{http.StatusUnauthorized, "Your session has ended",
		"The admin key that you signed in with was revoked or has expired, or your user was removed. Nothing was changed. Sign in anew."}
	errSpent = &problem{http.StatusConflict, "This form was sent before",
		"Its change was made then, and not again now. A key's value is shown only in the first answer."}
	errInternal = &problem{http.StatusInternalServerError, "This page is broken",
		"The server made a mistake, which its log describes."}
)

// problemOf finds the page for an error.
func problemOf(ctx context.Context, err error) *problem {
	var p *problem
	refusal, refused := errors.AsType[*org.Refusal](err)
	switch {
	case errors.As(err, &p):
		return p
	case refused:
		return refusalPage(refusal)
	case errors.Is(err, org.ErrUncertain):
		return errUncertain
	case errors.Is(err, org.ErrUnavailable), ctx.Err() != nil:
		return errStorage
	default:
		return errInternal
	}
}

func refusalPage(r *org.Refusal) *problem {
	switch {
	case r.Kind == org.NotFound:
		return &problem{http.StatusNotFound, "It is not there", r.Message}
	case r.Kind == org.Forbidden:
		return &problem{http.StatusForbidden, "You may look, but not change",
			"You are signed in as a reader, or with a reader's key. Changes take an owner."}
	case r.Kind == org.Unauthenticated:
		return errEnded
	case r.Code == org.CodeFormSpent:
		return errSpent
	default:
		return &problem{http.StatusUnprocessableEntity, "That cannot be done", r.Message}
	}
}

// correctable returns what to say beside a form's field, where sending the form
// again with something else may help.
func correctable(err error) (text string, ok bool) {
	refusal, ok := errors.AsType[*org.Refusal](err)
	if !ok || refusal.Kind != org.Invalid || refusal.Code == org.CodeFormSpent {
		return "", false
	}
	if refusal.Code == "empty_string" {
		return "This must not be empty.", true
	}
	return atField(refusal.Message), true
}

// isNotFound reports whether what was asked for is not there.
func isNotFound(err error) bool {
	refusal, ok := errors.AsType[*org.Refusal](err)
	return ok && refusal.Kind == org.NotFound
}

// atField is a message without the name of the parameter, and without the id of the
// user or key that the whole page is about: a form shows it beside the field.
func atField(message string) string {
	if m := aboutID.FindStringSubmatch(message); m != nil {
		return "This " + m[1] + message[len(m[0]):]
	}
	if named, rest, ok := strings.Cut(message, "': "); ok && strings.HasPrefix(named, "Invalid '") {
		first, size := utf8.DecodeRuneInString(rest)
		return string(unicode.ToUpper(first)) + rest[size:]
	}
	return message
}

// shown is what somebody typed, for the form that is shown again. A key that was
// pasted into the wrong field is not, nor is what nobody types.
func shown(text string) string {
	if token.In(text) || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return ""
	}
	return text
}

var aboutID = regexp.MustCompile(`^'(user|key)_[0-9A-Z]{26}'`)

type errorPage struct {
	frame
	Status   int
	Text     string
	SignedIn bool
}

// fail renders the page of an error.
func (v *visit) fail(err error) {
	p := problemOf(v.r.Context(), err)
	if p.status >= http.StatusInternalServerError {
		v.err = err.Error()
	}
	data := errorPage{frame: frame{Title: p.title, Version: v.Version}, Status: p.status, Text: p.text, SignedIn: v.caller.OwnerID != ""}
	if data.SignedIn {
		data.frame.Who = &who{Name: "Signed in", Role: string(v.caller.Role)} // looking it up may fail again
	}
	if err := v.render(p.status, "error", data); err != nil {
		v.err = err.Error()
		http.Error(v.w, p.title, p.status)
	}
}

// param returns the field that a refusal is about.
func param(err error) string {
	if refusal, ok := errors.AsType[*org.Refusal](err); ok {
		return refusal.Param
	}
	return ""
}
