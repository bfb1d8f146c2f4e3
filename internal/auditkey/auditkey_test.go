package auditkey_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/auditkey"
)

func write(t *testing.T, kind string, der []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestKeysAreRead(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	publicDER, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	privateFile, publicFile := write(t, "PRIVATE KEY", privateDER), write(t, "PUBLIC KEY", publicDER)
	if got, err := auditkey.ReadPrivate(privateFile); err != nil || !got.Equal(private) {
		t.Errorf("private key: %v", err)
	}
	if got, err := auditkey.ReadPublic(publicFile); err != nil || !got.Equal(public) {
		t.Errorf("public key: %v", err)
	}
	if _, err := auditkey.ReadPrivate(publicFile); err == nil || !strings.Contains(err.Error(), publicFile) {
		t.Errorf("a public key for a private one: %v", err)
	}
	if _, err := auditkey.ReadPublic(privateFile); err == nil {
		t.Error("a private key for a public one")
	}
}

func TestOtherKeysAreRefused(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{write(t, "PRIVATE KEY", der), write(t, "PRIVATE KEY", []byte("x")), "/nowhere/key.pem"} {
		if _, err := auditkey.ReadPrivate(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
