package keyreevetest_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/keyreevetest"
)

// Servers of tests that run at the same time do not know each other's keys.
func TestServersAreSeparate(t *testing.T) {
	t.Parallel()
	one, two := keyreevetest.New(t), keyreevetest.New(t)
	if one.URL == two.URL || one.AdminKey == two.AdminKey {
		t.Fatal("two servers share an address or a key")
	}
	stranger, err := client.New(two.URL, one.AdminKey)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stranger.CloseIdleConnections)
	_, err = stranger.AdminAPIKeys.List(t.Context(), api.AdminAPIKeyListParams{})
	var refusal *client.Error
	if !errors.As(err, &refusal) || refusal.Status != http.StatusUnauthorized {
		t.Errorf("a key of another server: %v, want 401", err)
	}
}

func TestOnPostgresWithALog(t *testing.T) {
	t.Parallel()
	log := new(lockedBuffer)
	s := keyreevetest.NewWith(t, keyreevetest.Options{
		Database: pgtest.DSN(t), Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	key, err := s.Client.AdminAPIKeys.Create(t.Context(), api.AdminAPIKeyCreateRequest{Name: "logged"})
	if err != nil {
		t.Fatal(err)
	}
	text := log.String()
	if !strings.Contains(text, "operation=admin-api-keys-create") {
		t.Errorf("the log lacks the request:\n%s", text)
	}
	if strings.Contains(text, s.AdminKey) || strings.Contains(text, key.Value) {
		t.Error("the log holds a key")
	}
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
