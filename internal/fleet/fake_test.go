package fleet_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/fleet"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// table is a fleet.Store in memory.
type table struct {
	mu    sync.Mutex
	head  int64
	rows  map[string]fleet.Row
	terms verify.Terms
}

func newTable() *table { return &table{rows: map[string]fleet.Row{}} }

func (s *table) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

var errAway = errors.New("away")

// link is one replica's way to the table.
type link struct {
	*table
	cut    bool // guarded by table.mu
	silent bool // the same: what is asked is never answered
}

func (s *link) do(f func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut {
		return errAway
	}
	f()
	return nil
}

func (s *link) isSilent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silent
}

func (s *link) Terms(context.Context) (terms verify.Terms, err error) {
	err = s.do(func() { terms = s.terms })
	return terms, err
}

func (s *link) Agree(_ context.Context, want verify.Terms) (agreed verify.Terms, err error) {
	err = s.do(func() {
		if len(s.rows) == 0 {
			s.terms = want
		}
		agreed = s.terms
	})
	return agreed, err
}

func (s *link) Join(_ context.Context, r fleet.Replica, terms verify.Terms) error {
	other := false
	err := s.do(func() {
		if other = s.terms != terms; !other {
			s.rows[r.ID] = fleet.Row{Replica: r}
		}
	})
	if other {
		return fleet.ErrTerms
	}
	return err
}

func (s *link) Beat(ctx context.Context, id string, applied verify.Position, now int64) (head verify.Position, known bool, err error) {
	if s.isSilent() {
		<-ctx.Done()
		return head, false, ctx.Err()
	}
	err = s.do(func() {
		var row fleet.Row
		if row, known = s.rows[id]; known {
			row.Applied, row.SeenAt, row.Beat = applied.Revision, now, row.Beat+1
			s.rows[id] = row
		}
		head.Revision = s.head
	})
	return head, known, err
}

func (s *link) Rows(context.Context) (rows []fleet.Row, err error) {
	err = s.do(func() {
		rows = slices.SortedFunc(maps.Values(s.rows), func(a, b fleet.Row) int { return cmpID(a.ID, b.ID) })
	})
	return rows, err
}

func cmpID(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

func (s *link) Remove(_ context.Context, id string, beat int64) (removed bool, err error) {
	err = s.do(func() {
		if row, ok := s.rows[id]; ok && row.Beat == beat {
			delete(s.rows, id)
			removed = true
		}
	})
	return removed, err
}

// log follows the table's head. slow makes it take its time.
type log struct {
	link  *link
	index *index
	slow  time.Duration

	mu sync.Mutex
	at int64
}

func (l *log) At() verify.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return verify.Position{Revision: l.at}
}

func (l *log) Has(p verify.Position) bool { return l.At().Revision >= p.Revision }

func (l *log) Follow(ctx context.Context, _, head verify.Position) error {
	if head.Revision > l.At().Revision && l.slow > 0 {
		select {
		case <-time.After(l.slow):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at = max(l.at, head.Revision)
	return nil
}

func (l *log) Load(context.Context) error {
	return l.link.do(func() {
		l.index.mu.Lock()
		defer l.index.mu.Unlock()
		l.index.gone = false
	})
}

// index holds the lease as verify.Index does.
type index struct {
	log   *log
	now   func() verify.Instant
	mu    sync.Mutex
	since *verify.Instant
	gone  bool
}

func (x *index) Ready() bool { x.mu.Lock(); defer x.mu.Unlock(); return !x.gone }

func (x *index) Grant(since verify.Instant, head int64) bool {
	if !verify.LeaseUsable(x.log.At().Revision, head) {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.since = &since
	return true
}

func (x *index) DropLease() { x.mu.Lock(); defer x.mu.Unlock(); x.since = nil }
func (x *index) Reset()     { x.mu.Lock(); defer x.mu.Unlock(); x.since, x.gone = nil, true }

func (x *index) LeaseState() verify.LeaseState {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.since == nil {
		return verify.LeaseOver
	}
	return testTerms.State(x.now().Since(*x.since))
}

var testTerms = verify.Terms{Lease: 2 * time.Second}

// replica is a member with all that it stands on.
type replica struct {
	*fleet.Member
	link  *link
	log   *log
	index *index
	stop  func()
}

// start runs a member in a bubble until its stop is called, or the test ends.
func (s *table) start(t *testing.T) *replica {
	t.Helper()
	began := time.Now()
	now := func() verify.Instant {
		d := time.Since(began)
		return verify.Instant{Wall: d, Monotonic: d}
	}
	r := &replica{link: &link{table: s}}
	r.log = &log{link: r.link}
	r.index = &index{log: r.log, now: now}
	r.log.index = r.index
	r.Member = fleet.New(fleet.Config{
		Store: r.link, Log: r.log, Index: r.index, Terms: testTerms, Self: fleet.Replica{Address: t.Name()},
		Now: now, Logger: slog.New(slog.DiscardHandler),
	})
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	r.stop = func() { cancel(); running.Wait() }
	t.Cleanup(r.stop)
	return r
}

// commit moves the head and has the committer apply it, as the store does.
func (r *replica) commit() int64 {
	var revision int64
	r.link.change(func() { r.link.head++; revision = r.link.head })
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	r.log.at = revision
	return revision
}
