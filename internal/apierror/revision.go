package apierror

import (
	"fmt"
	"strconv"

	"github.com/keyreeve/keyreeve/api"
)

// HeaderAtLeast is the header of a request that must not be answered from before
// a revision of the log.
const HeaderAtLeast = "Keyreeve-At-Least"

// ParseRevision reads the value of HeaderAtLeast: decimal digits and nothing
// else.
func ParseRevision(text string) (int64, bool) {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	revision, err := strconv.ParseInt(text, 10, 64)
	return revision, err == nil
}

// BadRevision answers a HeaderAtLeast that is none (400).
func BadRevision() api.Error {
	return invalidRequest(api.CodeInvalidValue, "Invalid header "+HeaderAtLeast+
		": expected one revision of the log in decimal digits, such as the Keyreeve-Revision that a change was answered with.")
}

// RevisionNotApplied answers when this server has not applied a revision in
// time, which another may have (503).
func RevisionNotApplied(revision int64) api.Error {
	code := api.CodeRevisionNotApplied
	return api.Error{
		Message: fmt.Sprintf("This server has not applied revision %d of the log yet. Please try again.", revision),
		Type:    api.ErrorTypeServer, Code: &code,
	}
}
