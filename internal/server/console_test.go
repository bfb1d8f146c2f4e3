package server_test

import (
	"strings"
	"testing"
)

func TestWithoutConsole(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.NoConsole = true
	s := start(t, cfg)
	for _, path := range []string{"/", "/sign-in", "/assets/x"} {
		got := s.do(t, "", "GET", path, "")
		if got.status != 404 || !strings.Contains(got.body, "Invalid URL") {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}
