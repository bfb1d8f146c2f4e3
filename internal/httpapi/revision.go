package httpapi

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/keyreeve/keyreeve/internal/apierror"
	"github.com/keyreeve/keyreeve/internal/org"
)

// The headers that tell of revisions. A change is answered with its own and with
// how many replicas had it in force by then; a request may ask not to be
// answered from before one.
const (
	headerRevision  = "Keyreeve-Revision"
	headerConfirmed = "Keyreeve-Confirmed" // such as 3/3

	// headerStale is on what is answered in the grace after a lease.
	headerStale = "Keyreeve-Stale"
	staleGrace  = "grace"
)

// setCommit tells of a change that was made.
func setCommit(h http.Header, commit org.Commit) {
	if commit.Revision == 0 {
		return
	}
	h.Set(headerRevision, strconv.FormatInt(commit.Revision, 10))
	if commit.Replicas > 0 {
		h.Set(headerConfirmed, fmt.Sprintf("%d/%d", commit.Confirmed, commit.Replicas))
	}
}

// awaitRevision waits, for a while, for the revision that a request asks for. It
// comes before the key is judged: that may be as new as the revision.
func (a *admin) awaitRevision(r *http.Request) *apiError {
	values := r.Header[apierror.HeaderAtLeast]
	if len(values) == 0 || a.Await == nil {
		return nil
	}
	revision, ok := apierror.ParseRevision(values[0])
	if !ok || len(values) > 1 {
		return &apiError{Status: http.StatusBadRequest, Body: apierror.BadRevision()}
	}
	if a.Await(r.Context(), revision) {
		return nil
	}
	return &apiError{
		Status: http.StatusServiceUnavailable, Body: apierror.RevisionNotApplied(revision), RetryAfter: time.Second,
	}
}
