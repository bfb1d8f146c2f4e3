package server

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateRetry is how often files that cannot be used are tried again while
// they do not change.
const certificateRetry = time.Minute

// certificate is a TLS key pair that follows its files, so that a renewed one
// is used without a restart.
type certificate struct {
	certFile, keyFile string
	logger            *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	seen    string // state of the files at the last attempt
	failed  bool   // it could not be used
	attempt time.Time
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

// get returns the pair for a handshake, beside which a look at two files is
// little work. While they are being replaced, or do not fit each other, the
// pair before stays in use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	unchanged := c.files() == c.seen
	if unchanged && (!c.failed || time.Since(c.attempt) < certificateRetry) {
		return c.pair, nil
	}
	if err := c.load(); err != nil {
		c.logger.Error("the TLS certificate cannot be read again; the old one stays in use", "error", err)
	} else {
		c.logger.Info("the TLS certificate was read again")
	}
	return c.pair, nil
}

func (c *certificate) load() error {
	c.seen, c.attempt = c.files(), time.Now()
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	c.failed = err != nil
	if err == nil {
		c.pair = &pair
	}
	return err
}

// files describes the state of both files: it changes when either does.
func (c *certificate) files() string {
	return fileState(c.certFile) + ";" + fileState(c.keyFile)
}

func fileState(name string) string {
	info, err := os.Stat(name)
	if err != nil {
		return "absent"
	}
	return fmt.Sprint(info.ModTime().UnixNano(), " ", info.Size())
}
