package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/keyreeve/keyreeve/internal/org"
)

// operation is what a row of the table does. The commit is zero for reads.
type operation[Req, Resp any] func(ctx context.Context, caller org.Caller, req Req) (Resp, org.Commit, error)

// readTimeout is how long a read waits for storage that does not answer. Changes
// have a limit of their own there.
const readTimeout = 5 * time.Second

// handle adapts an operation to HTTP: it binds the request by the tags of Req
// and renders Resp. The caller was authenticated and authorised before.
func handle[Req, Resp any](a *admin, op operation[Req, Resp]) http.Handler {
	bind := newBinder[Req]()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, bad := bind.bind(r)
		if bad != nil {
			writeError(w, r, bad)
			return
		}
		ctx := r.Context()
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, readTimeout)
			defer cancel()
		}
		resp, commit, err := op(ctx, trackOf(r).caller, req)
		if err != nil {
			writeError(w, r, a.errorOf(r, err))
			return
		}
		writeJSON(w, resp, commit)
	})
}

// writeJSON answers 200 with a body, which every operation has: clients of the
// API refuse an answer without one.
func writeJSON(w http.ResponseWriter, body any, commit org.Commit) {
	text, err := json.Marshal(body)
	if err != nil {
		panic("httpapi: encode response: " + err.Error())
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	setCommit(h, commit)
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(text) // a client that left cannot be told
}
