// Package server joins the parts of Keyreeve into a running process: the
// database, the index that follows its log, the listener and what an operator
// looks at.
package server

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keyreeve/keyreeve/internal/auditkey"
	"github.com/keyreeve/keyreeve/internal/console"
	"github.com/keyreeve/keyreeve/internal/fleet"
	"github.com/keyreeve/keyreeve/internal/httpapi"
	"github.com/keyreeve/keyreeve/internal/limit"
	"github.com/keyreeve/keyreeve/internal/oidc"
	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// Limits of HTTP. A client gets this long and no longer, so that slow ones
// cannot hold the server.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 16 << 10
	maxStreams        = 100 // of one HTTP/2 connection
)

// followInterval is how often a server that is alone on its database looks
// whether the log is still the one that it follows. A replica does so with its
// heartbeats.
const followInterval = 250 * time.Millisecond

// Server is a running Keyreeve.
type Server struct {
	cfg         Config
	logger      *slog.Logger
	store       *sqlstore.Store
	index       *verify.Index
	follower    *verify.Follower
	member      *fleet.Member // nil: alone on its database
	joined      atomic.Bool   // the member has started: changes are confirmed from then on
	clock       *verify.Clock
	systemClock bool // Config.Now was not given
	service     *org.Service
	metrics     *metrics
	listener    net.Listener
	http        *http.Server
	certificate *certificate // nil: without TLS
	gateways    gateways
	catalogue   org.Catalogue
	limits      *limit.Table
	tally       verify.Tally
	auditKey    ed25519.PrivateKey // nil: no event is dropped
	decisions   *verify.Stats      // all
	management  *verify.Stats      // those among them of the API and of signing in
	console     *console.Console   // nil: without one
	provider    *oidc.Provider     // nil: nobody signs in elsewhere
	traffic     traffic
	started     time.Time
	stopping    atomic.Bool
	failed      chan error // the first reason to stop that nobody asked for

	background sync.WaitGroup
	cancel     context.CancelFunc
}

// Run starts a server and keeps it until ctx ends or it fails. It returns
// after every request under way was answered and every use time written.
func Run(ctx context.Context, cfg Config) error {
	s, err := Start(ctx, cfg)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		s.logger.Info("stopping", "timeout", s.cfg.ShutdownTimeout)
	case err = <-s.failed:
		s.logger.Error("stopping", "error", err)
	}
	s.drain()
	return errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
}

// Start returns a server that is ready to serve. ctx bounds the start only.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	systemClock := cfg.Now == nil
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, systemClock: systemClock, logger: cfg.Logger,
		index: verify.NewIndex(), clock: newClock(cfg.Now),
		decisions: new(verify.Stats), management: new(verify.Stats), failed: make(chan error, 1), started: cfg.Now(),
	}
	s.traffic.now = s.gatewayDecisions
	if err := s.start(ctx); err != nil {
		_ = s.close()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	began := time.Now()
	// The port and the certificate come first: where they are missing, no
	// organization must be made whose key nobody looks for.
	var err error
	if s.listener, err = listen(ctx, "--listen", s.cfg.Listen); err != nil {
		return err
	}
	if s.cfg.AuditRetention > 0 {
		if s.auditKey, err = auditkey.ReadPrivate(s.cfg.AuditSigningKey); err != nil {
			return fmt.Errorf("--audit-signing-key: %w", err)
		}
	}
	if s.catalogue, err = readCatalogue(s.cfg.Catalogue); err != nil {
		return err
	}
	if s.provider, err = s.cfg.OIDC.provider(s.clock.Now); err != nil {
		return err
	}
	if err := s.openGateways(ctx); err != nil {
		return err
	}
	if s.cfg.TLSCert != "" {
		if s.certificate, err = newCertificate(s.cfg.TLSCert, s.cfg.TLSKey, s.logger); err != nil {
			return err
		}
	}
	if s.store, err = sqlstore.Open(ctx, sqlstore.Config{
		Database: s.cfg.Database, Logger: s.logger, Now: s.now,
		OnCommit: s.committed, WrapConnector: s.cfg.WrapConnector,
	}); err != nil {
		return err
	}
	s.follower = verify.NewFollower(s.index, source{s.store, s.clock}, s.logger)
	s.prepareFleet()
	s.service = org.NewService(confirming{s.store, s}, rand.Reader, uses{s.index}).WithCatalogue(s.catalogue)
	if err := s.bootstrap(ctx); err != nil {
		return err
	}
	if err := s.follower.Load(ctx); err != nil {
		return err
	}
	if err := s.setClock(ctx); err != nil {
		return err
	}
	organization, err := s.service.Organization(ctx)
	if err != nil {
		return err
	}
	s.metrics = newMetrics(s)
	if s.member != nil {
		if err := s.member.Start(ctx); err != nil {
			return err
		}
		s.joined.Store(true)
	}
	s.prepareConsole()
	if err := s.serve(httpapi.New(httpapi.Config{
		Service: s.service, Authenticate: s.authenticate, Await: s.index.Await, Now: s.clock.Now, OrganizationID: organization.ID,
		TrustedProxies: s.cfg.TrustedProxies, Logger: s.logger, Observe: s.metrics.observe,
	})); err != nil {
		return err
	}
	if err := s.serveGateways(); err != nil {
		return err
	}
	s.logger.Info("ready", "url", s.URL(), "gateways", s.GatewayAddr(), "grpc", s.GRPCAddr(), "database", s.store.String(), "keys", s.index.Len(),
		"revision", s.index.Revision(), "version", s.cfg.Version, "after", time.Since(began).Round(time.Millisecond))
	return nil
}

// serve starts the listener and what runs beside it.
func (s *Server) serve(api http.Handler) error {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.follow(ctx)
	s.background.Go(func() { s.writeUses(ctx) })
	s.background.Go(func() { s.countUses(ctx) })
	s.background.Go(func() { s.recordTime(ctx) })
	if s.console != nil {
		s.background.Go(func() { s.sampleTraffic(ctx) })
	}
	if s.auditKey != nil {
		s.background.Go(func() { s.retain(ctx, s.auditKey) })
	}

	l := s.listener
	if s.certificate == nil {
		var err error
		if l, err = s.quick(l); err != nil {
			return err
		}
	}
	connections := limitConnections(l, s.cfg.MaxConnections)
	s.http = s.newHTTP(s.operator(api), connections)
	if s.console != nil {
		s.http.RegisterOnShutdown(s.console.Stop)
	}
	serve := s.http.Serve
	if s.certificate != nil {
		s.http.Protocols.SetHTTP2(true)
		s.http.TLSConfig = s.certificate.config()
		serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	s.background.Go(func() {
		if err := serve(connections); !errors.Is(err, http.ErrServerClosed) {
			s.fail(fmt.Errorf("serve %s: %w", s.listener.Addr(), err))
		}
	})
	return nil
}

// newHTTP returns a server with the limits that hold for all listeners.
func (s *Server) newHTTP(handler http.Handler, connections *connections) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// OPTIONS * is an unknown URL like any other.
		DisableGeneralOptionsHandler: true,
		Protocols:                    protocols,
		HTTP2:                        &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ConnState:                    connections.observe,
		ErrorLog:                     slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
}

// writeUses batches use times to storage until ctx ends, then the last ones.
func (s *Server) writeUses(ctx context.Context) {
	err := verify.NewBatcher(s.index).Run(ctx, verify.DefaultInterval, func(ctx context.Context, batch []verify.Use) error {
		rows := make([]org.Use, len(batch))
		for i, u := range batch {
			rows[i] = org.Use{KeyID: u.KeyID, At: u.At}
		}
		err := s.store.RecordUses(ctx, rows)
		if err != nil {
			s.logger.Warn("use times wait for storage", "keys", len(rows), "error", err)
		}
		return err
	})
	if err != nil {
		s.logger.Error("the last use times were not written", "error", err)
	}
}

// drainTime is for what was sent to this server before its sender could know
// that it stops. The HTTP package cuts such requests, so it is told later.
const drainTime = 500 * time.Millisecond

// drain goes on serving for a moment, while /readyz says that it is over and
// every answer closes its connection.
func (s *Server) drain() {
	s.stopping.Store(true)
	time.Sleep(min(drainTime, s.cfg.ShutdownTimeout))
}

// Stop lets requests under way finish, then stops everything. To call it again
// does nothing.
func (s *Server) Stop(ctx context.Context) error {
	s.stopping.Store(true)
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ShutdownTimeout)
	defer cancel()
	err := errors.Join(s.http.Shutdown(ctx), s.gateways.stop(ctx))
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("requests were still under way after --shutdown-timeout %s and were cut", s.cfg.ShutdownTimeout)
		_ = s.http.Close()
	}
	return errors.Join(err, s.close())
}

// close undoes as much of start as was done.
func (s *Server) close() error {
	if s.cancel != nil {
		s.cancel()
	}
	if s.http != nil {
		_ = s.http.Close()
	}
	if s.listener != nil {
		_ = s.listener.Close()
	}
	s.gateways.close()
	s.background.Wait()
	if s.store == nil {
		return nil
	}
	s.leave()
	return s.store.Close()
}

func (s *Server) fail(err error) {
	select {
	case s.failed <- err:
	default: // it is stopping for another reason already
	}
}

// URL is where the server is reached from this machine, without /v1.
func (s *Server) URL() string {
	scheme := "http"
	if s.cfg.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + reachable(s.listener.Addr())
}
