package sqlstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// companions are what SQLite keeps beside a database and finds by its name.
var companions = []string{"-wal", "-shm", "-journal"}

// Beside a database FILE lie FILE.restoring while a restore works, and after it
// FILE.before-restore-TIME.
const (
	restoringSuffix = ".restoring"
	keptInfix       = ".before-restore-"
)

// removeSQLite removes a database and all that belongs to it.
func removeSQLite(file string) {
	for _, suffix := range append([]string{"", ".lock"}, companions...) {
		_ = os.Remove(file + suffix)
	}
}

func removeIfThere(file string) error {
	if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func renameIfThere(from, to string) error {
	if err := os.Rename(from, to); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// secondName gives a file a name that says when it was replaced, and that no
// other has.
func secondName(file string, at time.Time) (name string, err error) {
	base := file + at.UTC().Format(keptInfix+"20060102T150405Z")
	name = base
	for n := 2; ; n++ {
		if err = linkOrCopy(file, name); !errors.Is(err, fs.ErrExist) {
			return name, err
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
}

// linkOrCopy never overwrites. Not every file system has links.
func linkOrCopy(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return copyFile(from, to)
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close(), ownLike(to, from)); err != nil {
		_ = os.Remove(to)
	}
	return err
}

// ownLike gives a file that root made to the user whose database it belongs
// to: the owner of the file model or, while there is none, of its directory.
func ownLike(file, model string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(model)
	if errors.Is(err, fs.ErrNotExist) {
		info, err = os.Stat(filepath.Dir(model))
	}
	if err != nil {
		return err
	}
	made, err := os.Lstat(file)
	if err != nil {
		return err
	}
	owner, now := info.Sys().(*syscall.Stat_t), made.Sys().(*syscall.Stat_t)
	if now.Uid == owner.Uid && now.Gid == owner.Gid {
		return nil
	}
	return os.Lchown(file, int(owner.Uid), int(owner.Gid))
}

// oneName refuses a file with several names: SQLite would keep a write-ahead
// log and we a lock for each. The name that an interrupted restore gave it is
// taken away, by who holds the lock, or ignored.
func (d *sqliteDialect) oneName(locked bool) error {
	info, err := os.Stat(d.file)
	if err != nil {
		return reason(err)
	}
	names := info.Sys().(*syscall.Stat_t).Nlink
	if names < 2 || info.IsDir() {
		return nil
	}
	kept, err := beside(d.file, keptInfix)
	if err != nil {
		return err
	}
	for _, name := range kept {
		if !sameFile(name, d.file) {
			continue
		}
		names--
		if locked {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	if names > 1 {
		return fmt.Errorf("the file has %d names (hard links), but must have one: copy it, or remove the others", names)
	}
	return nil
}

// notInterrupted refuses to begin a new database where a restore has left one.
func (d *sqliteDialect) notInterrupted() error {
	if info, err := os.Stat(d.file); err == nil && info.Size() > 0 {
		return nil
	}
	for _, infix := range []string{keptInfix, restoringSuffix} {
		found, err := beside(d.file, infix)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return reason(err)
		}
		if len(found) > 0 {
			return fmt.Errorf("there is no database, but %s of a restore: run keyreeve restore again, or move that file away to begin a new organization", found[len(found)-1])
		}
	}
	return nil
}

// beside lists the files whose names begin with a database's and what follows
// it, in order.
func beside(file, infix string) (found []string, err error) {
	entries, err := os.ReadDir(filepath.Dir(file))
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), filepath.Base(file)+infix) {
			found = append(found, filepath.Join(filepath.Dir(file), entry.Name()))
		}
	}
	return found, err
}

// sameFile says whether two names lead to one file.
func sameFile(a, b string) bool {
	if a == b {
		return true
	}
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}
