package server

import (
	"database/sql/driver"
	"errors"
	"fmt"
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

	// Lease is how long a replica on PostgreSQL answers after it last heard from
	// the database, and Grace how much longer it goes on with a mark on its
	// answers. A revocation waits for replicas that are cut off for as long as
	// both together. All replicas of a database have the same. Default: 2 s, 0.
	Lease, Grace time.Duration

	AuditRetention  time.Duration // events older than this are dropped; 0: none are
	AuditSigningKey string        // PEM file with the Ed25519 key that signs what is left of them

	Catalogue string // file with the models and their limits; empty: catalogue.Default

	OwnerName        string // of the owner made at the first start
	OwnerEmail       string
	BootstrapKeyFile string // where the first admin key goes; empty: to Stdout

	NoConsole bool // serve no web console
	OIDC      OIDC // who else lets users sign in to it

	TLSCert, TLSKey string // PEM files; both or neither
	TrustedProxies  []netip.Prefix

	Version string
	Stdout  io.Writer // receives the first admin key
	Logger  *slog.Logger

	// Now is the wall clock; default the system's.
	Now func() time.Time

	// WrapConnector lets a test put faults between the server and its
	// database. May be nil.
	WrapConnector func(driver.Connector) driver.Connector
}

// Bounds of Config.Lease and of it with Config.Grace. Below the least, a pause
// of the machine would stop the answers; above the most, the answer to a
// revocation would come after its client has given up.
const (
	DefaultLease = 2 * time.Second
	MinLease     = 200 * time.Millisecond
	MaxLease     = 20 * time.Second
)

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
	if _, err := readCatalogue(c.Catalogue); err != nil {
		return err
	}
	if _, err := c.OIDC.provider(nil); err != nil {
		return err
	}
	return sqlstore.CheckDatabase(c.Database)
}

// check completes and refuses what cannot work.
func (c *Config) check() error {
	if c.ShutdownTimeout <= 0 {
		c.ShutdownTimeout = defaultShutdownTimeout
	}
	if c.Lease == 0 {
		c.Lease = DefaultLease
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
	if err := c.checkRetention(); err != nil {
		return err
	}
	if err := c.OIDC.check(c.NoConsole); err != nil {
		return err
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together: give both or neither")
	}
	if c.Lease < MinLease || c.Lease > MaxLease {
		return fmt.Errorf("--lease %s: give a duration from %s to %s", c.Lease, MinLease, MaxLease)
	}
	if most := MaxLease - c.Lease; c.Grace < 0 || c.Grace > most {
		return fmt.Errorf("--stale allow:%s: a revocation waits this long and --lease %s for a replica that is cut off, "+
			"and no client waits longer than %s: give at most %s", c.Grace, c.Lease, MaxLease, most)
	}
	// The database keeps them in milliseconds, and they must be what it keeps.
	if c.Lease%time.Millisecond != 0 || c.Grace%time.Millisecond != 0 {
		return fmt.Errorf("--lease %s and --stale allow:%s: give whole milliseconds", c.Lease, c.Grace)
	}
	if c.Listen == "" {
		return errors.New("--listen is empty: give HOST:PORT, such as 127.0.0.1:8080")
	}
	return nil
}
