package crashtest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

// While the disk is full changes are refused honestly and keys are judged as
// before. With space again the server goes on by itself, and nothing that it
// acknowledged is lost.

func TestFileSizeLimit(t *testing.T) {
	t.Parallel()
	h := newHost(t, "")
	p := h.start(t)
	limit := func(bytes uint64) func() {
		return func() {
			if err := unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	newFull(t, p).run(t, limit(500<<10), limit(unix.RLIM_INFINITY))
}

func TestFullFileSystem(t *testing.T) {
	t.Parallel()
	dir := mountSmall(t)
	h := newHost(t, filepath.Join(dir, "keyreeve.db"))
	p := h.start(t)
	filler := filepath.Join(dir, "filler")
	fillUp := func() {
		size := fill(t, filler)
		// Room for a few changes, so that it is a change that finds it full.
		if err := os.Truncate(filler, size-200<<10); err != nil {
			t.Fatal(err)
		}
	}
	newFull(t, p).run(t, fillUp, func() {
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	})
}

// A server that cannot start on a full disk says so in one line.
func TestStartOnFullFileSystem(t *testing.T) {
	t.Parallel()
	dir := mountSmall(t)
	fill(t, filepath.Join(dir, "filler"))
	out, err := run(t, "serve", "--listen", "127.0.0.1:0", "--database", filepath.Join(dir, "keyreeve.db"))
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || strings.Count(out, "\n") != 1 || !strings.HasPrefix(out, "keyreeve: open sqlite:") {
		t.Errorf("it ends with %v and says:\n%s", err, out)
	}
}

// mountSmall returns a file system of 2 MiB.
func mountSmall(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); errors.Is(err, syscall.EPERM) {
		t.Skip("only root can mount a small file system; TestFileSizeLimit shows the same")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all space that is left, and returns how much that was.
func fill(t *testing.T, file string) (size int64) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); ; {
		n, err := f.Write(block)
		size += int64(n)
		if errors.Is(err, syscall.ENOSPC) {
			return size
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// full is a server whose disk fills up.
type full struct {
	*ledger
	process *process
	admin   *client.Client
	made    int
}

func newFull(t *testing.T, p *process) *full {
	t.Helper()
	return &full{ledger: newLedger(), process: p, admin: p.admin(t)}
}

func (f *full) run(t *testing.T, fillUp, makeSpace func()) {
	for range 20 {
		if err := f.create(t); err != nil {
			t.Fatal(err)
		}
	}
	revoked := f.any(live)
	if err := f.delete(t, revoked); err != nil {
		t.Fatal(err)
	}
	victim := f.any(live)

	fillUp()
	f.awaitRefusal(t)
	for range 20 {
		wantUnavailable(t, "a creation", f.create(t))
		wantUnavailable(t, "a deletion", f.delete(t, victim))
		f.wantJudged(t, victim, accepted)
		f.wantJudged(t, revoked, refused)
	}
	if err := f.status(t, "/healthz"); err != nil {
		t.Error(err)
	}
	if out, err := f.process.host.verifyLog(t); err != nil {
		t.Errorf("audit verify on a full disk: %v\n%s", err, out)
	}

	makeSpace()
	began := time.Now()
	for err := f.create(t); err != nil; err = f.create(t) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("changes are still refused: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v to serve changes again", took)
	}
	if err := f.delete(t, victim); err != nil {
		t.Errorf("the repeated deletion: %v", err)
	}
	f.wantNoProblems(t, "with space again")
	f.process.kill()
	f.process = f.process.host.start(t)
	f.wantNoProblems(t, "after a crash")
}

// awaitRefusal makes keys until the disk is full. Each one that was
// acknowledged counts.
func (f *full) awaitRefusal(t *testing.T) {
	t.Helper()
	for range 5000 {
		if err := f.create(t); err != nil {
			wantUnavailable(t, "the first creation that fails", err)
			t.Logf("%d keys until the disk was full", f.made)
			return
		}
	}
	t.Fatal("the disk does not get full")
}

func (f *full) create(t *testing.T) error {
	name := fmt.Sprint("key ", f.made)
	f.made++
	f.creating(name)
	key, err := f.admin.AdminAPIKeys.Create(t.Context(), api.AdminAPIKeyCreateRequest{Name: name})
	if err != nil {
		f.notCreated(name)
		return err
	}
	f.created(key)
	return nil
}

func (f *full) delete(t *testing.T, k *known) error {
	f.deleting(k)
	if _, err := f.admin.AdminAPIKeys.Delete(t.Context(), k.id); err != nil {
		f.refused(k)
		return err
	}
	f.deleted(k)
	return nil
}

// any returns a key in a state.
func (f *full) any(s state) *known {
	for _, k := range f.keys {
		if k.state == s {
			return k
		}
	}
	panic("there is no such key")
}

func (f *full) wantJudged(t *testing.T, k *known, want verdict) {
	t.Helper()
	if got := f.process.present(t.Context(), t, k); got != want {
		t.Errorf("key %s: presented it is %d, want %d", k.id, got, want)
	}
}

func (f *full) wantNoProblems(t *testing.T, when string) {
	t.Helper()
	for _, problem := range f.check(t, f.process) {
		t.Errorf("%s: %s", when, problem)
	}
}

func (f *full) status(t *testing.T, path string) error {
	t.Helper()
	if body := f.process.get(t, path); !strings.Contains(body, "ok") {
		return fmt.Errorf("%s says %s", path, body)
	}
	return nil
}

// wantUnavailable checks for the answer that says that nothing was changed.
func wantUnavailable(t *testing.T, what string, err error) {
	t.Helper()
	var refusal *client.Error
	if !errors.As(err, &refusal) || refusal.Status != http.StatusServiceUnavailable || refusal.Code != api.CodeStorageUnavailable ||
		!strings.Contains(refusal.Message, "Nothing was changed") {
		t.Errorf("%s: %v, want 503 %s and that nothing was changed", what, err, api.CodeStorageUnavailable)
	}
}
