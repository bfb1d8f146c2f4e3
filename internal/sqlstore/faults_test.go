package sqlstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/sqlstore/faulty"
)

// errFault is what a disk or a network says.
var errFault = errors.New("input/output error (injected)")

// fault fails one call of the driver: the k-th after it was armed.
type fault struct {
	calls atomic.Int64 // left until the fault; negative: disarmed
	fired atomic.Bool
	how   func(ctx context.Context, call faulty.Call, do func() error) error
}

func (f *fault) arm(k int) {
	f.fired.Store(false)
	f.calls.Store(int64(k))
}

func (f *fault) hook(ctx context.Context, call faulty.Call, do func() error) error {
	if f.calls.Add(-1) == 0 {
		f.fired.Store(true)
		return f.how(ctx, call, do)
	}
	return do()
}

// The ways in which a call fails.
func before(context.Context, faulty.Call, func() error) error { return errFault }

// after loses the answer of a call that was carried out. A commit of SQLite is
// no network's business, so its answer is never lost.
func after(_ context.Context, _ faulty.Call, do func() error) error {
	return errors.Join(do(), errFault)
}

// slow answers when the caller has given up.
func slow(ctx context.Context, _ faulty.Call, do func() error) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(200 * time.Millisecond):
		return do()
	}
}

// history is what a client was told of keys.
type history struct {
	attempts int // that must be enough

	mu       sync.Mutex
	live     map[string]bool // acknowledged creations, without those that were deleted
	gone     map[string]bool // acknowledged deletions
	problems []string
}

func newHistory(first string) *history {
	return &history{attempts: 2, live: map[string]bool{first: true}, gone: map[string]bool{}}
}

func (h *history) problem(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.problems = append(h.problems, fmt.Sprintf(format, args...))
}

// create makes a key, repeating what fails as a client does. It returns "" when
// it gave up.
func (h *history) create(ctx context.Context, svc *org.Service, owner org.Caller) (id string) {
	for attempt := 1; ; attempt++ {
		key, _, _, err := svc.CreateAdminAPIKey(ctx, owner, org.NewAdminAPIKey{Name: "a key"})
		switch {
		case err == nil:
			h.mu.Lock()
			h.live[key.ID] = true
			h.mu.Unlock()
			return key.ID
		case !honest(err) || attempt == h.attempts:
			h.problem("create, attempt %d: %v", attempt, err)
			return ""
		}
	}
}

// remove deletes a key that exists, in the same way. Only after an uncertain
// answer may it be gone already.
func (h *history) remove(ctx context.Context, svc *org.Service, owner org.Caller, id string) {
	uncertain := false
	for attempt := 1; ; attempt++ {
		_, err := svc.DeleteAdminAPIKey(ctx, owner, id)
		var r *org.Refusal
		switch {
		case err == nil, uncertain && errors.As(err, &r) && r.Kind == org.NotFound:
			h.mu.Lock()
			delete(h.live, id)
			h.gone[id] = true
			h.mu.Unlock()
			return
		case !honest(err) || attempt == h.attempts:
			h.problem("delete %s, attempt %d: %v", id, attempt, err)
			return
		}
		uncertain = uncertain || errors.Is(err, org.ErrUncertain)
	}
}

func (h *history) cycle(ctx context.Context, svc *org.Service, owner org.Caller) {
	if id := h.create(ctx, svc, owner); id != "" {
		h.remove(ctx, svc, owner, id)
	}
}

// honest says whether an error admits that storage failed.
func honest(err error) bool {
	var r *org.Refusal
	return (errors.Is(err, org.ErrUnavailable) || errors.Is(err, org.ErrUncertain)) && !errors.As(err, &r)
}

// check compares the store with what the client was told, and returns all that
// is wrong.
func (h *history) check(ctx context.Context, s *sqlstore.Store) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	problems := h.problems
	stored := make(map[string]bool)
	if _, err := s.Snapshot(ctx, org.SnapshotVisitor{
		User:    func(org.User) error { return nil },
		Project: func(org.Project) error { return nil },
		Key:     func(k org.SnapshotKey) error { stored[k.ID] = true; return nil },
	}); err != nil {
		problems = append(problems, err.Error())
	}
	for id := range h.live {
		if !stored[id] {
			problems = append(problems, "acknowledged and lost: "+id)
		}
	}
	for id := range h.gone {
		if stored[id] {
			problems = append(problems, "deleted and still there: "+id)
		}
	}
	if _, err := s.VerifyLog(ctx, nil); err != nil {
		problems = append(problems, err.Error())
	}
	replayed := make(map[string]bool) // the log alone gives the same keys
	byDigest := make(map[[32]byte]string)
	for e, err := range s.Events(ctx, 0) {
		if err != nil {
			return append(problems, err.Error())
		}
		read, err := org.DecodeRecord(e.Record)
		if err != nil {
			return append(problems, err.Error())
		}
		for _, effect := range read.Effects {
			switch effect := effect.(type) {
			case org.KeyAdded:
				replayed[effect.ID], byDigest[effect.Digest] = true, effect.ID
			case org.KeyRemoved:
				delete(replayed, byDigest[effect.Digest])
			}
		}
	}
	for id := range stored {
		if !replayed[id] {
			problems = append(problems, "stored, but not in the log: "+id)
		}
	}
	if len(replayed) != len(stored) {
		problems = append(problems, fmt.Sprintf("%d keys by the log, %d stored", len(replayed), len(stored)))
	}
	return problems
}

// harness is a store behind a fault, with a history.
type harness struct {
	*sqlstore.Store
	database string
	svc      *org.Service
	owner    org.Caller
	history  *history
}

func newHarness(t *testing.T, database string, hook faulty.Hook) *harness {
	t.Helper()
	cfg := sqlstore.Config{Database: database}
	if hook != nil {
		cfg.WrapConnector = hook.Wrap
	}
	h := &harness{Store: open(t, cfg), database: database}
	h.svc = org.NewService(h.Store, rand.Reader, nil)
	h.owner = bootstrap(t, h.svc)
	h.history = newHistory(h.owner.KeyID)
	return h
}

func (h *harness) check(t *testing.T) {
	t.Helper()
	for _, problem := range h.history.check(t.Context(), h.Store) {
		t.Error(problem)
	}
}

// TestFaultOnEachCall fails each of the first 200 calls of the driver in turn,
// whatever it is: BEGIN, a read, a write, COMMIT, or the connection made anew.
func TestFaultOnEachCall(t *testing.T) {
	t.Parallel()
	last := 200
	if testing.Short() {
		last = 40
	}
	for engine, database := range engines {
		for name, how := range map[string]faulty.Hook{"before": before, "after": after} {
			t.Run(engine+"/"+name, func(t *testing.T) {
				t.Parallel()
				f := &fault{how: func(ctx context.Context, call faulty.Call, do func() error) error {
					if engine == "sqlite" && call.IsCommit() {
						return before(ctx, call, do)
					}
					return how(ctx, call, do)
				}}
				h := newHarness(t, database(t), f.hook)
				for k := 1; k <= last; k++ {
					f.arm(k)
					for !f.fired.Load() {
						h.history.cycle(t.Context(), h.svc, h.owner)
					}
				}
				h.check(t)
			})
		}
	}
}

// TestFaultsUnderLoad fails every 61st call while eight clients work, so that
// faults hit batches.
func TestFaultsUnderLoad(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			var on atomic.Bool
			h := newHarness(t, database(t), func(ctx context.Context, call faulty.Call, do func() error) error {
				switch n := calls.Add(1); {
				case !on.Load() || n%61 != 0:
					return do()
				case n%122 == 0 && !(engine == "sqlite" && call.IsCommit()):
					return after(ctx, call, do)
				default:
					return before(ctx, call, do)
				}
			})
			h.history.attempts = 20
			on.Store(true)
			var clients sync.WaitGroup
			for range 8 {
				clients.Go(func() {
					for range 25 {
						h.history.cycle(t.Context(), h.svc, h.owner)
					}
				})
			}
			clients.Wait()
			on.Store(false)
			h.history.cycle(t.Context(), h.svc, h.owner)
			h.check(t)
		})
	}
}

// TestSlowCallsOnlyTakeTime delays one call in ten.
func TestSlowCallsOnlyTakeTime(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			h := newHarness(t, database(t), func(ctx context.Context, call faulty.Call, do func() error) error {
				if calls.Add(1)%10 == 0 {
					return slow(ctx, call, do)
				}
				return do()
			})
			for range 5 {
				h.history.cycle(t.Context(), h.svc, h.owner)
			}
			h.check(t)
		})
	}
}

// TestLostCommitIsSettled loses the answer to COMMIT, once it was carried out
// and once before it was sent, and expects the truth of each at once.
func TestLostCommitIsSettled(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		how  faulty.Hook
		made bool
	}{
		"after it took place":  {after, true},
		"before it took place": {before, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var on atomic.Bool
			h := newHarness(t, engines["postgres"](t), func(ctx context.Context, call faulty.Call, do func() error) error {
				if call.IsCommit() && on.CompareAndSwap(true, false) {
					return tt.how(ctx, call, do)
				}
				return do()
			})
			before, err := h.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			on.Store(true)
			key, _, commit, err := h.svc.CreateAdminAPIKey(t.Context(), h.owner, org.NewAdminAPIKey{Name: "x"})
			if tt.made && (err != nil || commit.Revision != before.Revision+1) {
				t.Errorf("revision %d, %v", commit.Revision, err)
			}
			if !tt.made && (!errors.Is(err, org.ErrUnavailable) || errors.Is(err, org.ErrUncertain)) {
				t.Errorf("error %v, want ErrUnavailable", err)
			}
			if _, ok, err := h.AdminAPIKey(t.Context(), key.ID); ok != tt.made || err != nil {
				t.Errorf("key found: %t, %v", ok, err)
			}
			h.history.cycle(t.Context(), h.svc, h.owner)
			h.check(t)
		})
	}
}

// TestLostCommitIsNotTakenForAnothersRevision: the commit did not take place,
// and another replica has its revision by the time the store asks for it.
func TestLostCommitIsNotTakenForAnothersRevision(t *testing.T) {
	t.Parallel()
	var on, asking atomic.Bool
	var other *sqlstore.Store
	h := newHarness(t, engines["postgres"](t), func(ctx context.Context, call faulty.Call, do func() error) error {
		switch {
		case call.IsCommit() && on.CompareAndSwap(true, false):
			asking.Store(true)
			return errFault
		case call.Kind == faulty.Connect && asking.CompareAndSwap(true, false):
			if _, err := other.Update(ctx, func(tx org.Tx) error { tx.Emit(org.Event{Type: org.EventRestored}); return nil }); err != nil {
				t.Error(err)
			}
		}
		return do()
	})
	other = open(t, sqlstore.Config{Database: h.database, Access: sqlstore.Maintain})
	on.Store(true)
	if _, _, _, err := h.svc.CreateAdminAPIKey(t.Context(), h.owner, org.NewAdminAPIKey{Name: "x"}); !errors.Is(err, org.ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
	if head, err := h.Head(t.Context()); err != nil || head.Revision != 5 {
		t.Errorf("head %v, %v, want the other's revision 5", head, err)
	}
	h.check(t)
}

// TestCommitThatCannotBeSettledIsUncertain loses the answer and then the
// database for a while. Only a retry then learns the truth.
func TestCommitThatCannotBeSettledIsUncertain(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]faulty.Hook{"made": after, "not made": before} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var on, away atomic.Bool
			h := newHarness(t, engines["postgres"](t), func(ctx context.Context, call faulty.Call, do func() error) error {
				switch {
				case away.Load():
					return errFault
				case call.IsCommit() && on.CompareAndSwap(true, false):
					away.Store(true)
					return how(ctx, call, do)
				default:
					return do()
				}
			})
			key, _, _, err := h.svc.CreateAdminAPIKey(t.Context(), h.owner, org.NewAdminAPIKey{Name: "x"})
			if err != nil {
				t.Fatal(err)
			}
			on.Store(true)
			if _, err := h.svc.DeleteAdminAPIKey(t.Context(), h.owner, key.ID); !errors.Is(err, org.ErrUncertain) || !honest(err) {
				t.Errorf("error %v, want ErrUncertain", err)
			}
			if _, err := h.svc.DeleteAdminAPIKey(t.Context(), h.owner, key.ID); !errors.Is(err, org.ErrUnavailable) || !honest(err) {
				t.Errorf("while the database is away: %v, want ErrUnavailable", err)
			}
			away.Store(false)
			var r *org.Refusal
			if _, err := h.svc.DeleteAdminAPIKey(t.Context(), h.owner, key.ID); errors.As(err, &r) != (name == "made") {
				t.Errorf("the retry: %v", err)
			}
			if _, ok, err := h.AdminAPIKey(t.Context(), key.ID); ok || err != nil {
				t.Errorf("key found: %t, %v", ok, err)
			}
			h.check(t)
		})
	}
}

// TestFailedCommitTakesRefusalsBack: a refusal may rest on what an earlier
// update of its batch wrote, so it must not outlive that.
func TestFailedCommitTakesRefusalsBack(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			var on atomic.Bool
			h := newHarness(t, database(t), func(ctx context.Context, call faulty.Call, do func() error) error {
				if call.IsCommit() && on.Load() {
					return errFault
				}
				return do()
			})
			key, _, _, err := h.svc.CreateAdminAPIKey(t.Context(), h.owner, org.NewAdminAPIKey{Name: "x"})
			if err != nil {
				t.Fatal(err)
			}
			on.Store(true)
			held, release := make(chan struct{}), make(chan struct{})
			var hold sync.Once
			var running sync.WaitGroup
			running.Go(func() {
				_, _ = h.Update(t.Context(), func(org.Tx) error {
					hold.Do(func() { close(held) })
					<-release
					return &org.Refusal{}
				})
			})
			<-held
			var errs [4]error
			for i := range errs {
				running.Go(func() { _, errs[i] = h.svc.DeleteAdminAPIKey(t.Context(), h.owner, key.ID) })
			}
			time.Sleep(30 * time.Millisecond)
			close(release)
			running.Wait()
			for _, err := range errs {
				if !honest(err) {
					t.Errorf("delete: %v, but nothing was deleted", err)
				}
			}
			on.Store(false)
			if _, ok, err := h.AdminAPIKey(t.Context(), key.ID); !ok || err != nil {
				t.Errorf("key found: %t, %v", ok, err)
			}
			if _, err := h.svc.DeleteAdminAPIKey(t.Context(), h.owner, key.ID); err != nil {
				t.Errorf("delete again: %v", err)
			}
		})
	}
}

// TestPlantedBugsAreCaught: a store that acknowledges what was not committed,
// and one that loses a deletion, must not pass the checks above.
func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		for name, planted := range map[string]faulty.Hook{
			"commit acknowledged and not done": func(_ context.Context, call faulty.Call, do func() error) error {
				if call.IsCommit() {
					return nil
				}
				return do()
			},
			"key not deleted": func(_ context.Context, call faulty.Call, do func() error) error {
				if call.Kind == faulty.Exec && strings.HasPrefix(call.Text, `DELETE FROM api_keys `) {
					return nil
				}
				return do()
			},
			"key not written": func(_ context.Context, call faulty.Call, do func() error) error {
				if call.Kind == faulty.Exec && len(call.Text) > 20 && call.Text[:20] == "INSERT INTO api_keys" {
					return nil
				}
				return do()
			},
		} {
			t.Run(engine+"/"+name, func(t *testing.T) {
				t.Parallel()
				var on atomic.Bool
				h := newHarness(t, database(t), func(ctx context.Context, call faulty.Call, do func() error) error {
					if on.Load() {
						return planted(ctx, call, do)
					}
					return do()
				})
				on.Store(true)
				h.history.cycle(t.Context(), h.svc, h.owner)
				h.history.create(t.Context(), h.svc, h.owner)
				on.Store(false)
				if len(h.history.check(t.Context(), h.Store)) == 0 {
					t.Error("it was not caught")
				}
			})
		}
	}
}

// TestConflictIsTriedAgain: PostgreSQL may end one of two transactions that wait
// for each other, and nobody need be told.
func TestConflictIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"40001", "40P01"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			var on atomic.Bool
			h := newHarness(t, engines["postgres"](t), func(_ context.Context, call faulty.Call, do func() error) error {
				if strings.HasPrefix(call.Text, "INSERT INTO api_keys") && on.CompareAndSwap(true, false) {
					return &pgconn.PgError{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: code}
				}
				return do()
			})
			on.Store(true)
			if _, _, _, err := h.svc.CreateAdminAPIKey(t.Context(), h.owner, org.NewAdminAPIKey{Name: "x"}); err != nil {
				t.Error(err)
			}
			if on.Load() {
				t.Error("the fault did not strike")
			}
			h.check(t)
		})
	}
}
