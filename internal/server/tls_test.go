package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/server"
)

func TestTLSFollowsItsFiles(t *testing.T) {
	t.Parallel()
	cfg, log := config(t), &syncBuffer{}
	cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
	dir := t.TempDir()
	cfg.TLSCert, cfg.TLSKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, cfg, "first")
	s := start(t, cfg)
	if !strings.HasPrefix(s.url, "https://127.0.0.1:") {
		t.Errorf("URL is %s", s.url)
	}
	wantServed := func(want string) {
		t.Helper()
		if got := servedName(t, s); got != want {
			t.Errorf("the certificate of %s is served, want that of %s", got, want)
		}
	}
	wantServed("first")

	writeCertificate(t, cfg, "second")
	wantServed("second")

	// Half of a new pair, and rubbish: the last good one stays, said once.
	key, err := os.ReadFile(cfg.TLSKey)
	if err != nil {
		t.Fatal(err)
	}
	writeCertificate(t, cfg, "third")
	third, err := os.ReadFile(cfg.TLSKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range [][]byte{key, []byte("not a key"), nil} {
		if err := os.WriteFile(cfg.TLSKey, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		wantServed("second")
		wantServed("second")
	}
	if got := strings.Count(log.String(), "the old one stays in use"); got != 3 {
		t.Errorf("the log says %d times that the old certificate stays, want once for each broken state", got)
	}
	if err := os.Remove(cfg.TLSKey); err != nil {
		t.Fatal(err)
	}
	wantServed("second")
	if err := os.WriteFile(cfg.TLSKey, third, 0o600); err != nil {
		t.Fatal(err)
	}
	wantServed("third")
}

func TestHTTP2OverTLSOnly(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	dir := t.TempDir()
	cfg.TLSCert, cfg.TLSKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, cfg, "here")
	s := start(t, cfg)
	s.http = newClient(t, &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
	})
	resp, err := s.http.Get(s.url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != 2 {
		t.Errorf("it speaks %s, want HTTP/2", resp.Proto)
	}
	s.create(t, `{"name":"over HTTP/2"}`)
}

// servedName connects anew and returns the common name of the certificate.
func servedName(t *testing.T, s *running) string {
	t.Helper()
	address := strings.TrimPrefix(s.url, "https://")
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName
}

// writeCertificate replaces both files by a new pair.
func writeCertificate(t *testing.T, cfg server.Config, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		cfg.TLSCert: {Type: "CERTIFICATE", Bytes: cert},
		cfg.TLSKey:  {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
