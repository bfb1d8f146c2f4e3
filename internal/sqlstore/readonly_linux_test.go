package sqlstore_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

// asNobody runs f with the file access of an ordinary user: permissions do not
// stop root, whom containers run tests as. Linux has that access per thread.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		const nobody = 65534
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Setfsuid(0) }()
	}
	f()
}

// sharedDir returns a temporary directory that others may enter.
func sharedDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, path := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadOnlyFileOrDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	for name, modes := range map[string]struct{ file, dir os.FileMode }{
		"file":       {0o444, 0o777},
		"directory":  {0o666, 0o555},
		"unreadable": {0, 0o777},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(sharedDir(t), "data")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "keyreeve.db")
			s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: file})
			if err != nil {
				t.Fatal(err)
			}
			closeStore(t, s)
			if err := os.Remove(file + ".lock"); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(file, modes.file); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(dir, modes.dir); err != nil {
				t.Fatal(err)
			}
			asNobody(t, func() {
				refusedWith(t, sqlstore.Config{Database: file}, "open sqlite:"+file, "permission denied")
				if name == "directory" {
					refusedWith(t, sqlstore.Config{Database: filepath.Join(dir, "new.db")}, "permission denied")
				}
			})
		})
	}
}
