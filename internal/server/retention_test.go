package server_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/server"
)

// signingKey writes a new key to a file.
func signingKey(t *testing.T) (file string, public ed25519.PublicKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "audit.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, public
}

// TestOldEventsAreDropped starts a server again a day later.
func TestOldEventsAreDropped(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	r := start(t, cfg)
	for range 70 {
		r.create(t, `{"name":"old"}`)
	}
	_, value := r.create(t, `{"name":"still good"}`)
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	var public ed25519.PublicKey
	cfg.AuditSigningKey, public = signingKey(t)
	cfg.AuditRetention = time.Hour
	cfg.Now = func() time.Time { return time.Now().Add(24 * time.Hour) }
	r = start(t, cfg)
	for dropped := false; !dropped; time.Sleep(20 * time.Millisecond) {
		got := r.do(t, r.key, "GET", "/v1/organization/audit_logs?event_types[]=organization.updated", "")
		dropped = got.status == http.StatusOK && strings.Contains(got.body, `"description":"keyreeve.trimmed"`)
		if t.Context().Err() != nil || got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	r.wantStatus(t, value, http.StatusOK)
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	report, err := openReadOnly(t, cfg.Database).CheckLog(t.Context(), nil, public)
	if err != nil || report.Checkpoint == nil || report.Checkpoint.Revision < 32 {
		t.Errorf("%+v, %v", report.Checkpoint, err)
	}
}

func TestRetentionNeedsAKey(t *testing.T) {
	t.Parallel()
	key, _ := signingKey(t)
	for want, cfg := range map[string]server.Config{
		"--audit-retention needs --audit-signing-key":           {AuditRetention: time.Hour},
		"--audit-signing-key is for --audit-retention":          {AuditSigningKey: key},
		"--audit-retention 1m0s: give at least 1h0m0s":          {AuditRetention: time.Minute, AuditSigningKey: key},
		"--audit-retention -1h0m0s: give at least":              {AuditRetention: -time.Hour, AuditSigningKey: key},
		"--audit-signing-key: open /nowhere/audit.pem: no such": {AuditRetention: time.Hour, AuditSigningKey: "/nowhere/audit.pem"},
	} {
		cfg.Listen, cfg.Database = "127.0.0.1:0", filepath.Join(t.TempDir(), "keyreeve.db")
		if err := cfg.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
