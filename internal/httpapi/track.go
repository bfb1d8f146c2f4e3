package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/keyreeve/keyreeve/internal/echo"
	"github.com/keyreeve/keyreeve/internal/org"
)

// track follows one request: what is known about it is filled in on its way
// and becomes its line in the log.
type track struct {
	http.ResponseWriter
	api       *admin
	id        string
	start     time.Time
	operation string
	caller    org.Caller
	status    int    // 0: nothing sent yet
	err       string // detail that the client is not told
}

type trackKey struct{}

func withTrack(ctx context.Context, t *track) context.Context {
	return context.WithValue(ctx, trackKey{}, t)
}

func trackOf(r *http.Request) *track { return r.Context().Value(trackKey{}).(*track) }

// WriteHeader adds the headers that depend on the status.
func (t *track) WriteHeader(status int) {
	if t.status == 0 {
		t.status = status
		t.beforeHeader(status)
	}
	t.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (t *track) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// finish writes the request's line. The path is not in it: a client that puts
// a key there by mistake would have it logged.
func (t *track) finish(r *http.Request) {
	if t.api.Observe != nil {
		t.api.Observe(t.operation, t.status, time.Since(t.start))
	}
	level := slog.LevelInfo
	if t.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if !t.api.Logger.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", t.id),
		slog.String("method", echo.Value(r.Method)), // a stranger may send any word
		slog.String("operation", t.operation),
		slog.Int("status", t.status),
		slog.Duration("duration", time.Since(t.start)),
	}
	if t.caller.KeyID != "" {
		attrs = append(attrs, slog.String("key_id", t.caller.KeyID), slog.String("ip", t.caller.Origin.IP))
	}
	if t.err != "" {
		attrs = append(attrs, slog.String("error", t.err))
	}
	t.api.Logger.LogAttrs(r.Context(), level, "request", attrs...)
}
