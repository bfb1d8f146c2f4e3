package server

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateCheck is how often the files are looked at, at most.
const certificateCheck = 5 * time.Second

// certificate is a TLS key pair that follows its files, so that a renewed one
// is used without a restart.
type certificate struct {
	certFile, keyFile string
	logger            *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	version string // of the files that pair was read from
	checked time.Time
}

func newCertificate(certFile, keyFile string, logger *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, logger: logger}
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", certFile, keyFile, err)
	}
	return c, nil
}

func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}

// get returns the pair for a handshake. While the files are being replaced, or
// do not fit each other, the one before stays in use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.checked) >= certificateCheck {
		if err := c.load(); err != nil {
			c.logger.Error("the TLS certificate cannot be read again; the old one stays in use", "error", err)
		}
	}
	return c.pair, nil
}

func (c *certificate) load() error {
	c.checked = time.Now()
	version, err := c.filesVersion()
	if err != nil || version == c.version {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	if c.pair != nil {
		c.logger.Info("the TLS certificate was read again")
	}
	c.pair, c.version = &pair, version
	return nil
}

// filesVersion changes when either file does.
func (c *certificate) filesVersion() (string, error) {
	version := ""
	for _, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return "", err
		}
		version += fmt.Sprint(info.ModTime().UnixNano(), info.Size(), ";")
	}
	return version, nil
}
