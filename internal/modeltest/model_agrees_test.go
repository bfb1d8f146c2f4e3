package modeltest

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/sqlstore/faulty"
)

var engines = map[string]func(*testing.T) string{
	"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "keyreeve.db") },
	"postgres": func(t *testing.T) string { return pgtest.DSN(t) },
}

func TestServerAgreesWithAModel(t *testing.T) {
	t.Parallel()
	for name, database := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, database(t), nil)
			rapid.Check(t, w.live)
			w.verifyLog(t)
		})
	}
}

// TestModelFindsWhatIsWrong takes writes away from the database, and wants that
// to be found.
func TestModelFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]string{
		"a deleted account's keys stay":  "DELETE FROM api_keys WHERE kind <> 1 AND owner_id",
		"a deleted account stays":        "DELETE FROM service_accounts",
		"an archived project is not":     "UPDATE projects",
		"a member stays":                 "DELETE FROM project_users",
		"a key stays":                    "DELETE FROM api_keys WHERE kind = ",
		"a user's role is the old one":   "UPDATE users",
		"an account's role is as it was": "UPDATE service_accounts",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hook := faulty.Hook(func(_ context.Context, call faulty.Call, do func() error) error {
				if call.Kind == faulty.Exec && strings.HasPrefix(call.Text, lost) {
					return nil
				}
				return do()
			})
			w := newWorld(t, engines["sqlite"](t), hook.Wrap)
			if found := failure(func(t rapid.TB) { rapid.Check(t, w.live) }); found == "" {
				t.Error("it was not found")
			} else {
				t.Log(found)
			}
		})
	}
}

// failure runs a test and returns why it failed.
func failure(run func(rapid.TB)) string {
	r := new(recorder)
	done := make(chan struct{})
	go func() { // a goroutine that FailNow can end
		defer close(done)
		run(r)
	}()
	<-done
	return r.text
}

// recorder is a test that only remembers.
type recorder struct {
	mu     sync.Mutex
	text   string
	failed bool
}

func (r *recorder) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed, r.text = true, r.text+text+"\n"
}

func (*recorder) Helper()                             {}
func (*recorder) Name() string                        { return "planted" }
func (*recorder) Logf(string, ...any)                 {}
func (*recorder) Log(...any)                          {}
func (*recorder) Skipf(string, ...any)                {}
func (*recorder) Skip(...any)                         {}
func (*recorder) SkipNow()                            {}
func (r *recorder) Errorf(format string, args ...any) { r.note(fmt.Sprintf(format, args...)) }
func (r *recorder) Error(args ...any)                 { r.note(fmt.Sprint(args...)) }
func (r *recorder) Fatalf(format string, args ...any) {
	r.note(fmt.Sprintf(format, args...))
	runtime.Goexit()
}
func (r *recorder) Fatal(args ...any) { r.note(fmt.Sprint(args...)); runtime.Goexit() }
func (r *recorder) FailNow()          { r.note("failed"); runtime.Goexit() }
func (r *recorder) Fail()             { r.note("failed") }
func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}
