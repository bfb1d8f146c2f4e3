package fleet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"

	"sync/atomic"
	"time"

	"github.com/keyreeve/keyreeve/internal/plant"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// Config is what a member is made of.
type Config struct {
	Store Store
	Log   Log
	Index Index
	Terms verify.Terms
	Self  Replica // without the id

	// Now reads both clocks. It is the one that the index judges its lease by.
	Now func() verify.Instant

	Logger *slog.Logger

	// Fail is told why the member cannot go on. May be nil.
	Fail func(error)
}

// Member is this replica in its fleet.
type Member struct {
	Config

	wake    chan struct{}
	barrier barrier
	watch   watch

	id    atomic.Pointer[string] // nil: not joined
	peers atomic.Int64           // replicas alive, this one included

	// Of the rounds:
	state  verify.LeaseState // as was last said
	away   bool              // the last one failed
	leased bool              // there was one that granted a lease
	silent bool              // nobody was heard of since the last one: for a planted bug
}

// New returns a member that has not joined.
func New(cfg Config) *Member {
	m := &Member{Config: cfg, wake: make(chan struct{}, 1)}
	m.barrier.member = m
	return m
}

// beatTimeout bounds a round's statements. A lease counts from before its
// heartbeat, so one that takes half of it is still worth something.
func (m *Member) beatTimeout() time.Duration { return max(m.Terms.Lease/2, 100*time.Millisecond) }

// interval is how often a heartbeat is sent.
func (m *Member) interval() time.Duration { return m.Terms.Lease / 4 }

// Start joins the fleet with an index that is loaded, and returns with a lease.
func (m *Member) Start(ctx context.Context) error {
	if err := m.agree(ctx); err != nil {
		return err
	}
	for !m.leased {
		if _, err := m.round(ctx); err != nil {
			return err
		}
	}
	m.state = verify.LeaseHeld
	m.look(ctx)
	return nil
}

// Run sends heartbeats until ctx ends: every quarter of a lease, at once after
// the log was applied, and when woken.
func (m *Member) Run(ctx context.Context) {
	defer m.barrier.wait()
	timer := time.NewTimer(m.interval())
	defer timer.Stop()
	for backoff := time.Duration(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
			m.silent = false
		case <-timer.C:
			m.silent = true
		}
		sent := time.Now()
		more, err := m.timedRound(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrTerms):
			m.fail(err)
			return
		}
		m.report(err)
		if err == nil {
			backoff = 0
			m.look(ctx)
		} else {
			m.watch = watch{} // who was not heard of may have been as cut off as this one
			backoff = min(max(2*backoff, firstBackoff), m.interval())
		}
		switch {
		case err != nil:
			timer.Reset(backoff)
		case more:
			timer.Reset(0)
		default:
			timer.Reset(m.interval() - time.Since(sent))
		}
	}
}

// firstBackoff is how soon a failed round is tried again. The time doubles up to
// the interval.
const firstBackoff = 20 * time.Millisecond

func (m *Member) fail(err error) {
	m.Index.DropLease()
	if m.Fail != nil {
		m.Fail(err)
	}
}

func (m *Member) report(err error) {
	switch {
	case err == nil && m.away:
		m.Logger.Info("heartbeats reach the database again", "revision", m.Log.At().Revision)
	case err != nil && !m.away: // said once, not every round
		m.Logger.Warn("no heartbeat reaches the database", "error", err)
	}
	m.away = err != nil

	state := m.Index.LeaseState()
	if state == m.state {
		return
	}
	switch state {
	case verify.LeaseHeld:
		m.Logger.Info("the lease is held: keys are verified", "revision", m.Log.At().Revision)
	case verify.LeaseGrace:
		m.Logger.Warn("the lease is over: keys are verified in its grace, and answers say so", "grace", m.Terms.Grace)
	default:
		m.Logger.Error("the lease is over: keys are answered 503 until a heartbeat reaches the database")
	}
	m.state = state
}

// timedRound is a round that does not hang on a connection that is dead. What
// loads the index reads the whole database, and has no such limit.
func (m *Member) timedRound(ctx context.Context) (bool, error) {
	if err := m.load(ctx); err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, m.beatTimeout())
	defer cancel()
	return m.round(ctx)
}

// load fills the index where it was dropped.
func (m *Member) load(ctx context.Context) error {
	if m.Index.Ready() {
		return nil
	}
	return m.Log.Load(ctx)
}

// round sends a heartbeat and follows the log up to the head that it saw. It
// wants another round when it has something new to acknowledge.
func (m *Member) round(ctx context.Context) (more bool, err error) {
	if err := m.load(ctx); err != nil {
		return false, err
	}
	id := m.id.Load()
	if id == nil {
		return true, m.join(ctx)
	}
	at := m.Log.At() // in force: what the heartbeat says was applied
	since := m.Now() // before it is sent: the lease counts from here
	head, known, err := m.Store.Beat(ctx, *id, at, since.Wall.Milliseconds())
	if err != nil {
		return false, fmt.Errorf("heartbeat: %w", err)
	}
	if !known {
		m.Logger.Warn("this replica was taken for dead: it joins again", "replica", *id)
		m.Index.DropLease()
		m.id.Store(nil)
		return true, nil
	}
	if skip, err := m.plantedRound(ctx, *id, since, head); skip || err != nil {
		return false, err
	}
	if err := m.Log.Follow(ctx, at, head); err != nil {
		return false, fmt.Errorf("follow the log: %w", err)
	}
	m.leased = m.Index.Grant(since, head.Revision) || m.leased
	return m.Log.At().Revision > at.Revision, nil
}

// plantedRound does nothing but what a planted bug does.
func (m *Member) plantedRound(ctx context.Context, id string, since verify.Instant, head verify.Position) (skip bool, err error) {
	switch {
	case plant.Is(plant.LeaseBeforeApplied):
		m.Index.Grant(since, 0)
		plant.Pause(m.interval())
	case plant.Is(plant.AppliedBeforePublish):
		_, _, err = m.Store.Beat(ctx, id, head, since.Wall.Milliseconds())
		plant.Pause(m.interval())
	case plant.Is(plant.NotifyWithoutPoll) && m.silent && m.leased:
		return m.Index.Grant(since, 0), nil
	}
	return false, err
}

// join makes this replica's row. Only heartbeats grant leases, and they need the
// row, so every head that a lease rests on is read after the row was committed:
// rule 2. The index may be older than the row.
func (m *Member) join(ctx context.Context) error {
	self := m.Self
	self.ID = rand.Text()
	at := m.Log.At()
	if plant.Is(plant.HeadBeforeRow) {
		plant.Pause(m.interval())
	}
	if err := m.Store.Join(ctx, self, m.Terms); err != nil {
		return fmt.Errorf("join the fleet: %w", err)
	}
	m.id.Store(&self.ID)
	m.Logger.Info("joined the fleet", "replica", self.ID, "revision", at.Revision)
	if plant.Is(plant.HeadBeforeRow) {
		m.Index.Grant(m.Now(), at.Revision)
		plant.Pause(m.interval())
	}
	return nil
}

// Wake has a heartbeat sent at once.
func (m *Member) Wake() {
	select {
	case m.wake <- struct{}{}:
	default: // one is to come anyway
	}
}

// Leave takes this replica out of the fleet. Nothing may be answered any more;
// Run must have returned.
func (m *Member) Leave(ctx context.Context) error {
	m.Index.Reset()
	id := m.id.Swap(nil)
	if id == nil {
		return nil
	}
	rows, err := m.Store.Rows(ctx)
	for _, row := range rows {
		if row.ID == *id {
			_, err = m.Store.Remove(ctx, row.ID, row.Beat)
		}
	}
	return err
}

// ID returns the replica's id, or "" while it has not joined.
func (m *Member) ID() string {
	if id := m.id.Load(); id != nil {
		return *id
	}
	return ""
}

// Alive returns how many replicas there were when this one last looked, itself
// included.
func (m *Member) Alive() int { return int(m.peers.Load()) }
