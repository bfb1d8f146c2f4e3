package console

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/keyreeve/keyreeve/internal/echo"
	"github.com/keyreeve/keyreeve/internal/org"
)

// visit is one request on its way to a page.
type visit struct {
	*Console
	w       http.ResponseWriter
	r       *http.Request
	route   string
	start   time.Time
	caller  org.Caller // zero: not signed in
	session org.Session
	secret  org.SessionSecret
	status  int    // 0: nothing sent yet
	err     string // what the visitor is not told
}

func (c *Console) visit(w http.ResponseWriter, r *http.Request) *visit {
	v, ok := r.Context().Value(visitKey{}).(*visit)
	if !ok {
		v = &visit{Console: c, start: time.Now()}
	}
	v.w, v.r = w, r
	return v
}

type visitKey struct{}

// maxForm bounds what a form may send, in bytes.
const maxForm = 64 << 10

// ServeHTTP serves a path that Owns says is the console's.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.serve(w, r, c.mux) }

func (c *Console) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	v := &visit{Console: c, start: time.Now()}
	r = r.WithContext(withVisit(r.Context(), v))
	v.w, v.r = w, r
	setHeaders(w.Header())
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	defer v.finish()
	defer func() {
		if p := recover(); p != nil {
			v.panicked(p)
		}
	}()
	if err := c.crossSite.Check(r); err != nil {
		v.fail(errCrossSite)
		return
	}
	next.ServeHTTP(w, r)
}

func (v *visit) panicked(p any) {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	v.err = "panic"
	v.Logger.Error("a page panicked", "route", v.route, "panic", p, "stack", string(debug.Stack()))
	if v.status == 0 {
		v.fail(errors.New("panic"))
	}
}

// finish writes the visit's line in the log. The path is not in it, since people
// paste keys into addresses.
func (v *visit) finish() {
	if v.Observe != nil {
		v.Observe("console", v.status, time.Since(v.start))
	}
	level := slog.LevelInfo
	if v.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("method", echo.Value(v.r.Method)), slog.String("page", v.route),
		slog.Int("status", v.status), slog.Duration("duration", time.Since(v.start)),
	}
	switch {
	case v.caller.KeyID != "":
		attrs = append(attrs, slog.String("key_id", v.caller.KeyID), slog.String("ip", v.caller.Origin.IP))
	case v.caller.OwnerID != "":
		attrs = append(attrs, slog.String("user_id", v.caller.OwnerID), slog.String("ip", v.caller.Origin.IP))
	}
	if v.err != "" {
		attrs = append(attrs, slog.String("error", v.err))
	}
	v.Logger.LogAttrs(v.r.Context(), level, "page", attrs...)
}

// handler lets a request through to its page when its session may see it.
func (c *Console) handler(next route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := c.visit(w, r)
		v.route = next.Pattern
		if next.Permission != "" {
			if !v.enter() {
				return
			}
			if err := v.caller.Require(next.Permission); err != nil {
				v.fail(err)
				return
			}
		}
		if r.Method == http.MethodPost {
			if err := r.ParseForm(); err != nil {
				v.fail(errBadForm)
				return
			}
			v.caller.Form = v.form()
		}
		if err := next.serve(v); err != nil {
			v.fail(err)
		}
	})
}

// form tells the form that was sent from every other form of every session.
func (v *visit) form() [32]byte {
	id := v.r.PostForm.Get("form")
	if id == "" {
		return [32]byte{}
	}
	return sha256.Sum256(fmt.Appendf(v.session.Digest[:], "form %s", id))
}

// redirect leads to another page after a change or for a session.
func (v *visit) redirect(to string) error {
	v.status = http.StatusSeeOther
	if v.r.Header.Get("HX-Request") != "" { // the browser would load it into a part of the page
		v.w.Header().Set("HX-Redirect", to)
		v.status = http.StatusOK
		v.w.WriteHeader(v.status)
		return nil
	}
	v.w.Header().Set("Location", to)
	v.w.WriteHeader(v.status)
	return nil
}

func (v *visit) mayWrite() bool { return v.caller.Require(org.ManagementWrite) == nil }
