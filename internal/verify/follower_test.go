package verify_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// fakeLog is a log in memory that can be away, cut and rewritten.
type fakeLog struct {
	mu      sync.Mutex
	changes []verify.Change
	err     error // of every read
}

func chain(prev [32]byte, record []byte) [32]byte { return sha256.Sum256(append(prev[:], record...)) }

func (l *fakeLog) append(record string, effects ...verify.Effect) verify.Change {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.position()
	c := verify.Change{Record: []byte(record), Effects: effects}
	c.Revision, c.Hash = at.Revision+1, chain(at.Hash, c.Record)
	l.changes = append(l.changes, c)
	return c
}

func (l *fakeLog) position() verify.Position {
	if len(l.changes) == 0 {
		return verify.Position{}
	}
	return l.changes[len(l.changes)-1].Position
}

func (l *fakeLog) set(f func(*fakeLog)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(l)
}

func (l *fakeLog) Head(context.Context) (verify.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.position(), l.err
}

func (l *fakeLog) Since(_ context.Context, revision int64) iter.Seq2[verify.Change, error] {
	return func(yield func(verify.Change, error) bool) {
		l.mu.Lock()
		changes, err := l.changes, l.err
		l.mu.Unlock()
		if err != nil {
			yield(verify.Change{}, err)
			return
		}
		for _, c := range changes {
			if c.Revision <= revision {
				continue
			}
			if string(c.Record) == "strange" {
				yield(c, verify.ErrHistory)
				return
			}
			if !yield(c, nil) {
				return
			}
		}
	}
}

func (l *fakeLog) Chain(prev [32]byte, record []byte) [32]byte { return chain(prev, record) }

func (l *fakeLog) Snapshot(_ context.Context, add func(verify.Effect) error) (verify.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return verify.Position{}, l.err
	}
	live := map[token.Digest]verify.KeyAdded{}
	for _, c := range l.changes {
		for _, e := range c.Effects {
			switch e := e.(type) {
			case verify.KeyAdded:
				live[e.Digest] = e
			case verify.KeyRemoved:
				delete(live, e.Digest)
			}
		}
	}
	for _, e := range live {
		if err := add(e); err != nil {
			return verify.Position{}, err
		}
	}
	return l.position(), nil
}

func addedKey(n byte) verify.KeyAdded {
	return verify.KeyAdded{
		ID: "key_01JQ8ZK3T5V9W2X4Y6A8B0C1D" + string('0'+rune(n)), Digest: token.Digest{n}, Kind: token.KindAdmin,
		OwnerType: verify.OwnerUser, OwnerID: "user_01JQ8ZK3T5V9W2X4Y6A8B0C1D0",
	}
}

// follow returns a follower that has loaded the log, and its index and log.
func follow(t *testing.T) (*verify.Follower, *verify.Index, *fakeLog, *strings.Builder) {
	t.Helper()
	source, index, said := new(fakeLog), verify.NewIndex(), new(strings.Builder)
	source.append("one", addedKey(1))
	f := verify.NewFollower(index, source, slog.New(slog.NewTextHandler(said, nil)))
	if err := f.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f, index, source, said
}

func outcome(x *verify.Index, n byte) verify.Outcome {
	digest := token.Digest{n}
	return x.DecideDigest(&digest, 1).Outcome
}

func TestCommittedIsInForceWhenItReturns(t *testing.T) {
	t.Parallel()
	f, index, source, _ := follow(t)
	f.Committed([]verify.Change{source.append("two", addedKey(2)), source.append("three", verify.KeyRemoved{Digest: token.Digest{1}})})
	if outcome(index, 1) != verify.Unknown || outcome(index, 2) != verify.Allowed || index.Revision() != 3 {
		t.Errorf("key 1 %v, key 2 %v at revision %d", outcome(index, 1), outcome(index, 2), index.Revision())
	}
}

func TestCommittedReadsWhatOthersCommittedBefore(t *testing.T) {
	t.Parallel()
	f, index, source, _ := follow(t)
	source.append("of another process", verify.KeyRemoved{Digest: token.Digest{1}})
	f.Committed([]verify.Change{source.append("ours", addedKey(2))})
	if outcome(index, 1) != verify.Unknown || outcome(index, 2) != verify.Allowed {
		t.Errorf("key 1 %v, key 2 %v", outcome(index, 1), outcome(index, 2))
	}
}

// A database that was put back gives out again the revisions that are lost.
func TestCommittedOfAnotherHistoryEmptiesTheIndex(t *testing.T) {
	t.Parallel()
	f, index, source, _ := follow(t)
	lost := source.append("lost", addedKey(2))
	f.Committed([]verify.Change{lost})
	if !f.Has(lost.Position) {
		t.Error("what was committed is not in force")
	}
	other := lost
	other.Hash[0]++
	if f.Has(other.Position) {
		t.Error("the same revision of another history is in force")
	}
	f.Committed([]verify.Change{other})
	if got := outcome(index, 1); got != verify.Stale || f.Has(lost.Position) {
		t.Errorf("a key is %v, want stale", got)
	}
}

// Others go on committing while this one catches up: by then its own commit is
// far behind, and it is still there.
func TestCommittedIsKnownHoweverMuchOthersCommitMeanwhile(t *testing.T) {
	t.Parallel()
	f, index, source, said := follow(t)
	source.append("of another process", verify.KeyRemoved{Digest: token.Digest{1}})
	ours := source.append("ours", addedKey(2))
	for range 5000 {
		source.append("of others")
	}
	f.Committed([]verify.Change{ours})
	if !f.Has(ours.Position) || outcome(index, 1) != verify.Unknown || outcome(index, 2) != verify.Allowed {
		t.Errorf("key 1 %v, key 2 %v; it said %q", outcome(index, 1), outcome(index, 2), said)
	}
}

// TestHeadOfAnotherHistoryIsNoticedBesideACommit: a heartbeat meets a database
// that was put back and has come as far again, while a commit to the old one is
// applied. What rests on that head must not be granted.
func TestHeadOfAnotherHistoryIsNoticedBesideACommit(t *testing.T) {
	t.Parallel()
	for name, beyond := range map[string]int{"at the same revision": 0, "one behind": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, index, source, _ := follow(t)
			from := f.At()
			head := source.append("ours").Position
			head.Hash[0]++
			for range beyond {
				source.append("ours too")
			}
			source.set(func(l *fakeLog) { f.Committed(l.changes[1:]) })
			if err := f.Follow(t.Context(), from, head); !errors.Is(err, verify.ErrHistory) {
				t.Errorf("error %v", err)
			}
			if got := outcome(index, 1); got != verify.Stale {
				t.Errorf("a key is %v, want stale", got)
			}
		})
	}
}

func TestCommittedThatCannotBeAppliedEmptiesTheIndex(t *testing.T) {
	t.Parallel()
	f, index, source, _ := follow(t)
	source.append("of another process", verify.KeyRemoved{Digest: token.Digest{1}})
	ours := source.append("ours", addedKey(2))
	source.set(func(l *fakeLog) { l.err = errors.New("away") })
	f.Committed([]verify.Change{ours})
	if got := outcome(index, 1); got != verify.Stale {
		t.Errorf("a key that may have been revoked is %v, want stale", got)
	}
}

func TestFollowerRun(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		happens func(*fakeLog)
		within  verify.Outcome // of key 1, after an interval
		after   verify.Outcome // when the log can be read again
		says    string
	}{
		{
			name:    "applies what others commit",
			happens: func(l *fakeLog) { l.append("two", verify.KeyRemoved{Digest: token.Digest{1}}) },
			within:  verify.Unknown, after: verify.Unknown,
		},
		{
			name:    "keeps what it knows while the log is away",
			happens: func(l *fakeLog) { l.set(func(l *fakeLog) { l.err = errors.New("away") }) },
			within:  verify.Allowed, after: verify.Allowed, says: "cannot be read",
		},
		{
			name: "loads anew when commits were lost",
			happens: func(l *fakeLog) {
				l.set(func(l *fakeLog) { l.changes = nil })
				l.append("another history")
			},
			within: verify.Stale, after: verify.Unknown, says: "dropped",
		},
		{
			name: "loads anew when history was rewritten and goes on",
			happens: func(l *fakeLog) {
				l.set(func(l *fakeLog) { l.changes = nil })
				l.append("another history")
				l.append("and more of it", addedKey(2))
			},
			within: verify.Stale, after: verify.Unknown, says: "dropped",
		},
		{
			name:    "does not skip what it does not understand",
			happens: func(l *fakeLog) { l.append("strange") },
			within:  verify.Stale, after: verify.Allowed, says: "dropped",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f, index, source, said := follow(t)
				ctx, cancel := context.WithCancel(t.Context())
				var done sync.WaitGroup
				done.Go(func() { f.Run(ctx, time.Second) })
				test.happens(source)
				time.Sleep(1500 * time.Millisecond)
				if got := outcome(index, 1); got != test.within {
					t.Errorf("after an interval: %v, want %v", got, test.within)
				}
				source.set(func(l *fakeLog) { l.err = nil })
				time.Sleep(5 * time.Second)
				if got := outcome(index, 1); got != test.after {
					t.Errorf("in the end: %v, want %v", got, test.after)
				}
				cancel()
				done.Wait()
				if !strings.Contains(said.String(), test.says) {
					t.Errorf("it said %q, want something of %q", said, test.says)
				}
			})
		})
	}
}

func TestFollowerSaysOnceThatTheLogIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, _, source, said := follow(t)
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { f.Run(ctx, time.Second) })
		source.set(func(l *fakeLog) { l.err = errors.New("away") })
		time.Sleep(time.Minute)
		source.set(func(l *fakeLog) { l.err = nil })
		time.Sleep(2 * time.Second)
		cancel()
		done.Wait()
		if n := strings.Count(said.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings, want 1:\n%s", n, said)
		}
		if !strings.Contains(said.String(), "read again") {
			t.Errorf("nothing said that the log is back:\n%s", said)
		}
	})
}
