package oidc

import (
	"errors"
	"fmt"

	"golang.org/x/oauth2"

	"github.com/keyreeve/keyreeve/internal/echo"
)

// Error is why somebody could not sign in.
type Error struct {
	Text  string // for whom it happened to
	Away  bool   // the provider did not answer as it should: it may be worth trying again
	Cause error  // for the server's log; nil where the text says all
}

func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Text
	}
	return e.Text + " " + e.Cause.Error()
}

func (e *Error) Unwrap() error { return e.Cause }

// away is of a provider that cannot be asked.
func (p *Provider) away(doing string, err error) error {
	return &Error{
		Text: p.cfg.Name + " could not be reached, or did not answer as it should. Try again in a moment, or sign in with an admin key. " +
			"The server's log says more.",
		Away: true, Cause: because(doing, err),
	}
}

// distrusted is of an answer that cannot be believed.
func (p *Provider) distrusted(doing string, err error) error {
	return &Error{
		Text:  "What " + p.cfg.Name + " answered was not accepted. Begin anew. If that does not help, the server's log says why.",
		Cause: because(doing, err),
	}
}

// maxCause bounds what the log gets of a provider's words, in characters.
const maxCause = 400

// because is what was being done and why it failed, fit for a log. The library's
// errors hold whole answers of the provider's; that of the token endpoint is never
// shown.
func because(doing string, err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		status := 0
		if refused.Response != nil {
			status = refused.Response.StatusCode
		}
		return fmt.Errorf("%s: the provider answered %d %s %s", doing, status,
			echo.Value(refused.ErrorCode), echo.Value(refused.ErrorDescription))
	}
	return fmt.Errorf("%s: %s", doing, echo.Text(err.Error(), maxCause))
}
