package sqlstore_test

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

// TestAChildThatIsBeingStartedKeepsNoLock holds the lock's descriptor, as a child
// does between fork and exec.
func TestAChildThatIsBeingStartedKeepsNoLock(t *testing.T) {
	t.Parallel()
	database := filepath.Join(t.TempDir(), "keyreeve.db")
	s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: database})
	if err != nil {
		t.Fatal(err)
	}
	held, err := syscall.Dup(descriptorOf(t, database+".lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(held)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: database})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// descriptorOf returns this process's descriptor of a file.
func descriptorOf(t *testing.T, file string) int {
	t.Helper()
	const mine = "/proc/self/fd"
	entries, err := os.ReadDir(mine)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if to, err := os.Readlink(filepath.Join(mine, entry.Name())); err == nil && to == file {
			n, err := strconv.Atoi(entry.Name())
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no descriptor of %s", file)
	return 0
}
