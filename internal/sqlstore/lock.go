package sqlstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lockDatabase takes an exclusive lock on FILE.lock, which it makes if need be,
// and writes into it who holds it. The kernel drops the lock when the process
// ends, however it ends, so none is ever stale.
//
// It is a file of its own because closing any descriptor of the database would
// drop the locks that SQLite holds on it.
func lockDatabase(file string) (unlock func(), err error) {
	path := file + ".lock"
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_CLOEXEC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make its lock %s: %w", path, reason(err))
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close() //nolint:errcheck // nothing was written
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		holder, _ := os.ReadFile(path)
		return nil, fmt.Errorf("%s holds it: one SQLite file has one server", orElse(strings.TrimSpace(string(holder)), "another process"))
	}
	if err := ownLike(path, file); err != nil { // root may have made it
		_ = f.Close()
		return nil, fmt.Errorf("give %s to the database's owner: %w", path, reason(err))
	}
	who := fmt.Sprintf("process %d (%s)\n", os.Getpid(), filepath.Base(os.Args[0]))
	if err := errors.Join(f.Truncate(0), writeAt(f, who)); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return func() {
		// A child that is being started has the descriptor too, for a moment, and
		// would keep the lock.
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
		_ = f.Close()
	}, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
