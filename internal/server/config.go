package server

import (
	"database/sql/driver"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

// Config says how a server runs. The zero value of a field is its default
// where one is named.
type Config struct {
	Listen          string        // address of the API; a port of 0 picks a free one
	Database        string        // path, sqlite:PATH or postgres:// URL
	ShutdownTimeout time.Duration // for requests under way at a stop; default 20 s
	MaxConnections  int           // to Listen; above it the longest unused are closed; default 6000

	GatewayListen     string   // address or unix:PATH for gateways; empty: none
	GRPCListen        string   // the same for Envoy's ext_authz over gRPC
	GatewayKeyHeaders []string // where gateways' requests have the key; empty: gateway.DefaultKeyHeaders

	OwnerName        string // of the owner made at the first start
	OwnerEmail       string
	BootstrapKeyFile string // where the first admin key goes; empty: to Stdout

	TLSCert, TLSKey string // PEM files; both or neither
	TrustedProxies  []netip.Prefix

	Version string
	Stdout  io.Writer // receives the first admin key
	Logger  *slog.Logger

	// Now is the wall clock; default time.Now.
	Now func() time.Time

	// WrapConnector lets a test put faults between the server and its
	// database. May be nil.
	WrapConnector func(driver.Connector) driver.Connector
}

const (
	defaultShutdownTimeout = 20 * time.Second

	// defaultMaxConnections keeps what slow clients can use up below 150 MB: a
	// connection that sends its header slowly holds about 18 KiB, and the garbage of those before it some more.
	defaultMaxConnections = 6000
)

// Check refuses what cannot work, without opening anything.
func (c Config) Check() error {
	if err := c.check(); err != nil {
		return err
	}
	return sqlstore.CheckDatabase(c.Database)
}

// check completes and refuses what cannot work.
func (c *Config) check() error {
	if c.ShutdownTimeout <= 0 {
		c.ShutdownTimeout = defaultShutdownTimeout
	}
	if c.MaxConnections <= 0 {
		c.MaxConnections = defaultMaxConnections
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Stdout == nil {
		c.Stdout = io.Discard
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together: give both or neither")
	}
	if c.Listen == "" {
		return errors.New("--listen is empty: give HOST:PORT, such as 127.0.0.1:8080")
	}
	return nil
}
