package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/keyreeve/keyreeve/internal/fleet"
	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/plant"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// prepareFleet makes the index depend on a lease where other servers may revoke
// keys on the same database. It comes before the index is loaded.
func (s *Server) prepareFleet() {
	if !s.store.ManyReplicas() {
		return
	}
	terms := verify.Terms{Lease: s.cfg.Lease, Grace: s.cfg.Grace}
	now := s.instants()
	s.index.RequireLease(terms, now)
	s.member = fleet.New(fleet.Config{
		Store: s.store.Replicas(), Log: s.follower, Index: s.index, Terms: terms,
		Self: fleet.Replica{
			Address: s.address(), Version: s.cfg.Version, StartedAt: s.cfg.Now().UnixMilli(),
		},
		Now: now, Logger: s.logger, Fail: s.fail,
	})
}

// instants returns the reader of the clocks that leases are judged by.
func (s *Server) instants() func() verify.Instant {
	if s.systemClock {
		return verify.SystemInstant()
	}
	start := time.Now()
	return func() verify.Instant {
		return verify.Instant{Wall: time.Duration(s.cfg.Now().UnixNano()), Monotonic: time.Since(start)}
	}
}

// address is where other machines reach this replica, as far as it knows.
func (s *Server) address() string {
	tcp, ok := s.listener.Addr().(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return s.listener.Addr().String()
	}
	host, err := os.Hostname()
	if err != nil {
		host = tcp.IP.String()
	}
	return net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}

// follow keeps the index at the end of the log until ctx ends.
func (s *Server) follow(ctx context.Context) {
	if s.member == nil {
		s.background.Go(func() { s.follower.Run(ctx, followInterval) })
		return
	}
	s.background.Go(func() { s.member.Run(ctx) })
	// What a follower that runs alone does by the way.
	s.background.Go(func() { every(ctx, followInterval, s.index.Sweep) })
	s.background.Go(func() { s.shareLimits(ctx) })
	s.background.Go(func() { s.store.Listen(ctx, s.member.Wake) })
}

// every calls do after each interval until ctx ends.
func every(ctx context.Context, interval time.Duration, do func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do()
		}
	}
}

// leaveTimeout bounds the last word to the database.
const leaveTimeout = time.Second

// leave tells the other replicas that this one answers nothing any more. If it
// cannot, they find out by themselves.
func (s *Server) leave() {
	if s.member == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	if err := s.member.Leave(ctx); err != nil {
		s.logger.Warn("this replica's row was not removed: the others do that when its lease is over", "error", err)
	}
}

// confirming is the store as the domain sees it: an Update returns when its
// change may be answered. The domain has no other store, so no kind of change
// can go round it, and what the change does to the index decides how long it
// waits.
type confirming struct {
	*sqlstore.Store
	server *Server
}

// Update implements org.Store.
func (c confirming) Update(ctx context.Context, fn func(org.Tx) error) (org.Commit, error) {
	commit, err := c.Store.Update(ctx, fn)
	refusal, refused := errors.AsType[*org.Refusal](err)
	switch {
	case err == nil:
	case !refused || refusal.Kind == org.NotFound && plant.Is(plant.NotFoundNoWait):
		return commit, err
	default:
		// Whoever deletes what is gone takes the 404 for done, so it has to be; and
		// so does who is told that a project is archived, a key has ended or a form
		// was sent before.
	}
	// A client that leaves now changes nothing: the change was made.
	confirmed, late := c.server.confirm(context.WithoutCancel(ctx), commit)
	if late != nil {
		return commit, fmt.Errorf("%w: not every replica has confirmed it: %w", org.ErrUncertain, late)
	}
	return confirmed, err
}

// confirm waits until a commit may be answered: see fleet.Member.Confirm.
func (s *Server) confirm(ctx context.Context, commit org.Commit) (org.Commit, error) {
	if s.member == nil || !s.joined.Load() {
		commit.Confirmed, commit.Replicas = 1, 1
		return commit, nil // alone, or not serving yet
	}
	began, loaded := time.Now(), s.index.Loaded()
	c, err := s.member.Confirm(ctx, verify.Position{Revision: commit.Revision, Hash: commit.Hash}, commit.Ends)
	s.metrics.observeBarrier(commit.Ends, time.Since(began))
	commit.Confirmed, commit.Replicas = c.Applied, c.Replicas
	s.index.Shown(loaded, commit.Revision)
	return commit, err
}
