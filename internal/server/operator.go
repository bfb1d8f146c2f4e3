package server

import (
	"context"
	"net/http"
	"time"
)

// readyTimeout bounds the look at the database.
const readyTimeout = time.Second

// operator serves what monitors ask for and hands the rest to the API.
func (s *Server) operator(api http.Handler) http.Handler {
	metrics := s.metrics.handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		get := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case get && r.URL.Path == "/healthz":
			answer(w, http.StatusOK, `{"status":"ok"}`)
		case get && r.URL.Path == "/readyz":
			s.ready(w, r)
		case get && r.URL.Path == "/metrics":
			metrics.ServeHTTP(w, r)
		default:
			api.ServeHTTP(w, r)
		}
	})
}

// ready says whether this process should be sent requests.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	switch {
	case s.stopping.Load():
		answer(w, http.StatusServiceUnavailable, `{"status":"stopping"}`)
	case !s.index.Ready():
		answer(w, http.StatusServiceUnavailable, `{"status":"the index is not loaded"}`)
	case s.store.Ping(ctx) != nil:
		answer(w, http.StatusServiceUnavailable, `{"status":"the database does not answer"}`)
	default:
		answer(w, http.StatusOK, `{"status":"ready"}`)
	}
}

func answer(w http.ResponseWriter, status int, body string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body + "\n"))
}
