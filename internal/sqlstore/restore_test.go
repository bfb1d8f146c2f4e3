package sqlstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

// emitted appends n events to a database.
func emitted(t *testing.T, file string, n int) {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: file})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	for range n {
		if _, err := s.Update(t.Context(), func(tx org.Tx) error { tx.Emit(org.Event{}); return nil }); err != nil {
			t.Fatal(err)
		}
	}
}

// restorable is a database of revision 5 and a backup of revision 2, which
// becomes 3 by being restored.
func restorable(t *testing.T) (file, backup string) {
	t.Helper()
	dir := t.TempDir()
	file, backup = filepath.Join(dir, "keyreeve.db"), filepath.Join(t.TempDir(), "backup.db")
	emitted(t, file, 2)
	if _, err := sqlstore.Backup(t.Context(), file, backup); err != nil {
		t.Fatal(err)
	}
	emitted(t, file, 3)
	return file, backup
}

func restored(t *testing.T, file, backup string) (kept string) {
	t.Helper()
	plan, err := sqlstore.PlanRestore(t.Context(), file, backup)
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	if kept, err = plan.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return kept
}

func revisionOf(t *testing.T, file string, access sqlstore.Access) int64 {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: file, Access: access})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	head, err := s.VerifyLog(t.Context(), nil)
	if err != nil {
		t.Error(err)
	}
	return head.Revision
}

func names(t *testing.T, file, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(file + pattern)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// restoreUntil is the life of a child that is killed at one step of a restore:
// its number, the database and the backup.
func restoreUntil(life string) {
	var at int
	parts := strings.Split(life, "\n")
	_, _ = fmt.Sscan(parts[0], &at)
	plan, err := sqlstore.PlanRestore(context.Background(), parts[1], parts[2])
	if err != nil {
		fmt.Println("refused:", err)
		return
	}
	plan.OnStep(func(string) {
		if at--; at < 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	_, err = plan.Run(context.Background())
	fmt.Println("done:", err)
}

func TestRestoreThatIsKilledLeavesTheOldDatabaseOrTheNew(t *testing.T) {
	t.Parallel()
	for step := 0; ; step++ {
		file, backup := restorable(t)
		c := startRestore(t, fmt.Sprintf("%d\n%s\n%s", step, file, backup))
		_ = c.cmd.Wait()
		if c.said == "done: <nil>" {
			if step < 8 {
				t.Errorf("only %d steps", step)
			}
			break
		}
		if c.said != "" {
			t.Fatalf("step %d: %s", step, c.said)
		}
		before := revisionOf(t, file, sqlstore.ReadOnly)
		got := revisionOf(t, file, sqlstore.Serve)
		if got != before || got != 5 && got != 3 {
			t.Errorf("killed at step %d: revision %d, then %d, want 5 or 3", step, before, got)
		}
		if got == 3 { // nothing of the old database is lost
			if kept := revisionOf(t, names(t, file, ".before-restore-*Z")[0], sqlstore.ReadOnly); kept != 5 {
				t.Errorf("killed at step %d: kept revision %d", step, kept)
			}
		}
		restored(t, file, backup)
		if got := revisionOf(t, file, sqlstore.Serve); got != 3 {
			t.Errorf("killed at step %d and done again: revision %d", step, got)
		}
	}
}

func TestServerBeginsNothingBesideAnInterruptedRestore(t *testing.T) {
	t.Parallel()
	for _, left := range []string{".restoring", ".before-restore-20261123T101010Z"} {
		for _, empty := range []bool{false, true} {
			file := filepath.Join(t.TempDir(), "keyreeve.db")
			if err := os.WriteFile(file+left, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
			if empty {
				if err := os.WriteFile(file, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			refusedWith(t, sqlstore.Config{Database: file}, file+left, "restore again")
		}
	}
}

func TestEveryRestoreKeepsTheDatabaseFromBefore(t *testing.T) {
	t.Parallel()
	file, backup := restorable(t)
	seen := make(map[string]bool)
	for i := range 4 { // within a second or two
		kept := restored(t, file, backup)
		if seen[kept] {
			t.Errorf("%s was overwritten", kept)
		}
		seen[kept] = true
		want := int64(3)
		if i == 0 {
			want = 5
		}
		if got := revisionOf(t, kept, sqlstore.ReadOnly); got != want {
			t.Errorf("%s is of revision %d, want %d", kept, got, want)
		}
	}
}

func TestDamagedDatabaseIsReplacedAndKept(t *testing.T) {
	t.Parallel()
	file, backup := restorable(t)
	for suffix, text := range map[string]string{"": "this is no database, but it was one", "-wal": "nor is this a log"} {
		if err := os.WriteFile(file+suffix, []byte(strings.Repeat(text, 200)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept := restored(t, file, backup)
	if text, err := os.ReadFile(kept); err != nil || !strings.HasPrefix(string(text), "this is no database") {
		t.Errorf("what was there is not kept: %v", err)
	}
	if left := names(t, file, "-*"); len(left) != 0 {
		t.Errorf("beside the restored database: %v", left)
	}
	if got := revisionOf(t, file, sqlstore.Serve); got != 3 {
		t.Errorf("revision %d", got)
	}
}

// TestUncheckpointedLogIsKeptWhole: what is only in the write-ahead log, of a
// server that was killed, is in the kept file.
func TestUncheckpointedLogIsKeptWhole(t *testing.T) {
	t.Parallel()
	file, backup := restorable(t)
	crashed := filepath.Join(t.TempDir(), "keyreeve.db")
	s := open(t, sqlstore.Config{Database: file})
	if _, err := s.Update(t.Context(), func(tx org.Tx) error { tx.Emit(org.Event{}); return nil }); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(file + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(crashed+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept := restored(t, crashed, backup)
	if got := revisionOf(t, kept, sqlstore.ReadOnly); got != 6 {
		t.Errorf("kept revision %d, want 6", got)
	}
	if got := revisionOf(t, crashed, sqlstore.ReadOnly); got != 3 {
		t.Errorf("revision %d, want 3", got)
	}
}

func TestFileOfSeveralNamesIsRefused(t *testing.T) {
	t.Parallel()
	file := served(t)
	if err := os.Link(file, file+"2"); err != nil {
		t.Fatal(err)
	}
	for _, access := range []sqlstore.Access{sqlstore.Serve, sqlstore.Maintain, sqlstore.ReadOnly} {
		refusedWith(t, sqlstore.Config{Database: file, Access: access}, "2 names", "hard links")
	}
}

// TestRootLeavesTheFilesToTheDatabasesOwner needs root, as containers have it.
func TestRootLeavesTheFilesToTheDatabasesOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	file, backup := restorable(t)
	const service = 4711
	for _, path := range []string{filepath.Dir(file), file} {
		if err := os.Chown(path, service, service); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(file + ".lock"); err != nil {
		t.Fatal(err)
	}
	restored(t, file, backup)
	restored(t, filepath.Join(filepath.Dir(file), "new.db"), backup)
	all := names(t, filepath.Dir(file), "/*")
	if len(all) < 5 { // two databases, two locks, one kept
		t.Errorf("files %v", all)
	}
	for _, path := range all {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if uid := info.Sys().(*syscall.Stat_t).Uid; uid != service || info.Mode().Perm() != 0o600 {
			t.Errorf("%s belongs to %d, mode %v", path, uid, info.Mode())
		}
	}
}

func TestDamagedPagesAreFound(t *testing.T) {
	t.Parallel()
	file, backup := restorable(t)
	// An index that lacks a row is damage that no query of ours meets.
	rawSQL(t, backup, `CREATE INDEX by_type ON events (type)`, `PRAGMA writable_schema = 1`,
		`UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'clock') WHERE name = 'by_type'`)
	if _, err := sqlstore.PlanRestore(t.Context(), file, backup); err == nil || !strings.Contains(err.Error(), "damaged") && !strings.Contains(err.Error(), "malformed") {
		t.Errorf("error %v", err)
	}
}
