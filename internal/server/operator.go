package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/keyreeve/keyreeve/internal/console"
	"github.com/keyreeve/keyreeve/internal/gateway"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// readyTimeout bounds the look at the database.
const readyTimeout = time.Second

// operator serves what gateways and monitors ask for and hands the rest to the
// API. Introspection asks for an admin key here, where anybody may come.
func (s *Server) operator(api http.Handler) http.Handler {
	gateways := s.gateways.gate.Handler(false)
	pages := map[string]http.Handler{
		"/healthz": http.HandlerFunc(healthy),
		"/readyz":  http.HandlerFunc(s.ready),
		"/metrics": s.metrics.handler(),
	}
	return s.parting(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if gateway.Owns(r.RequestURI) {
			gateways.ServeHTTP(w, r)
			return
		}
		page, ok := pages[r.URL.Path]
		switch {
		case !ok && s.console != nil && r.URL.RawPath == "" && console.Owns(r.URL.Path):
			s.console.ServeHTTP(w, r)
		case !ok && s.console != nil && console.Wants(r):
			s.console.Missing(w, r)
		case !ok:
			api.ServeHTTP(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			answer(w, http.StatusMethodNotAllowed, "only GET and HEAD are served here")
		default:
			page.ServeHTTP(w, r)
		}
	}))
}

// parting lets every answer close its connection while the server stops.
func (s *Server) parting(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		handler.ServeHTTP(w, r)
	})
}

// healthy says that the process runs. It asks nobody, since a restart would not
// bring a database back.
func healthy(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") }

// ready says whether this process should be sent requests.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	switch {
	case s.stopping.Load():
		answer(w, http.StatusServiceUnavailable, "stopping")
	case !s.index.Ready():
		answer(w, http.StatusServiceUnavailable, "the index is not loaded")
	case s.index.LeaseState() == verify.LeaseOver:
		answer(w, http.StatusServiceUnavailable, "the lease is over: no heartbeat has reached the database")
	case s.store.Ping(ctx) != nil:
		answer(w, http.StatusServiceUnavailable, "the database does not answer")
	default:
		answer(w, http.StatusOK, "ready")
	}
}

func answer(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"status":` + strconv.Quote(text) + "}\n"))
}
