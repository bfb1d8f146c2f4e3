package sqlstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
)

// errNotSQLite answers the commands that copy files.
var errNotSQLite = errors.New("backup and restore are for SQLite files; for PostgreSQL use pg_dump and pg_restore")

func sqliteOf(database string) (*sqliteDialect, error) {
	d, err := dialectOf(database)
	if err != nil {
		return nil, err
	}
	file, ok := d.(*sqliteDialect)
	if !ok {
		return nil, errNotSQLite
	}
	return file, nil
}

// Backup copies a SQLite database to a new file, beside a server that uses it,
// checks the copy's log and returns its head. The file is on disk when it
// returns.
func Backup(ctx context.Context, database, file string) (head org.Head, err error) {
	if _, err := sqliteOf(database); err != nil {
		return head, err
	}
	source, err := Open(ctx, Config{Database: database, Access: ReadOnly})
	if err != nil {
		return head, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()

	if err := source.copyTo(ctx, file); err != nil {
		return head, err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file)
		}
	}()
	if head, err = verifyFile(ctx, file); err != nil {
		return head, fmt.Errorf("check the copy: %w", err)
	}
	return head, syncPath(file)
}

// copyTo writes a consistent copy to a new file, and leaves none when it fails.
func (s *Store) copyTo(ctx context.Context, file string) error {
	// VACUUM INTO takes an empty file, so its mode can be set before anything
	// is in it.
	if err := createNew(file); err != nil {
		return err
	}
	if err := s.vacuumInto(ctx, file); err != nil {
		_ = os.Remove(file)
		return fmt.Errorf("copy %s to %s: %w", s, file, err)
	}
	return nil
}

// vacuumInto counts as writing for SQLite, although not to the database.
func (s *Store) vacuumInto(ctx context.Context, file string) error {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	if _, err := conn.ExecContext(ctx, `PRAGMA query_only(0)`); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, `VACUUM INTO $1`, file)
	return err
}

// verifyFile checks the log of a SQLite database and returns its head.
func verifyFile(ctx context.Context, file string) (head org.Head, err error) {
	s, err := Open(ctx, Config{Database: "sqlite:" + file, Access: ReadOnly})
	if err != nil {
		return head, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.VerifyLog(ctx, nil)
}

// Restore is a restore that was checked and not yet done. Close it.
type Restore struct {
	Backup   org.Head
	Replaces bool     // there is a database to put aside
	Current  org.Head // its head, as far as it could be read

	from   string
	target *sqliteDialect
	unlock func()
}

// PlanRestore checks that the backup's log is whole, and takes the target's
// lock, which a running server holds.
func PlanRestore(ctx context.Context, database, file string) (*Restore, error) {
	target, err := sqliteOf(database)
	if err != nil {
		return nil, err
	}
	source, err := newSQLite(file)
	if err != nil {
		return nil, err
	}
	if source.file == target.file {
		return nil, fmt.Errorf("%s is the database itself, not a backup of it", file)
	}
	r := &Restore{from: source.file, target: target}
	if r.Backup, err = verifyFile(ctx, source.file); err != nil {
		return nil, fmt.Errorf("%s cannot be restored: %w", file, err)
	}
	if r.unlock, err = lockFile(target.file + ".lock"); err != nil {
		return nil, fmt.Errorf("open %s: %w", target, err)
	}
	if _, err := os.Stat(target.file); err == nil {
		r.Replaces = true
		// A damaged database is a reason to restore, so its head is only told
		// where it can be read.
		r.Current, _ = headOf(ctx, target)
	}
	return r, nil
}

func headOf(ctx context.Context, d *sqliteDialect) (org.Head, error) {
	s, err := Open(ctx, Config{Database: "sqlite:" + d.file, Access: ReadOnly})
	if err != nil {
		return org.Head{}, err
	}
	defer s.Close() //nolint:errcheck // it only read
	return s.Head(ctx)
}

// Run puts the backup in the database's place, logs that, and returns the name
// under which the database from before is kept, or "".
func (r *Restore) Run(ctx context.Context) (kept string, err error) {
	staged := r.target.file + ".restoring"
	removeSQLite(staged) // of a restore that was interrupted
	defer removeSQLite(staged)
	if err := r.stage(ctx, staged); err != nil {
		return "", err
	}
	if err := r.note(ctx, staged); err != nil {
		return "", fmt.Errorf("log the restore: %w", err)
	}
	if err := syncPath(staged); err != nil { // before its name can take the database's place
		return "", err
	}
	if r.Replaces {
		kept = r.target.file + time.Now().UTC().Format(".before-restore-20060102T150405Z")
		if err := renameSQLite(r.target.file, kept); err != nil {
			return "", err
		}
	}
	if err := os.Rename(staged, r.target.file); err != nil {
		return kept, err
	}
	return kept, syncPath(r.target.file)
}

// stage copies the backup, with what its write-ahead log holds if it has one,
// and makes sure that it is still what was confirmed.
func (r *Restore) stage(ctx context.Context, staged string) (err error) {
	source, err := Open(ctx, Config{Database: "sqlite:" + r.from, Access: ReadOnly})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if err := source.copyTo(ctx, staged); err != nil {
		return err
	}
	if head, err := verifyFile(ctx, staged); err != nil {
		return fmt.Errorf("check the copy: %w", err)
	} else if head != r.Backup {
		return fmt.Errorf("%s has changed since it was checked: it is of revision %d now", source, head.Revision)
	}
	return nil
}

// note appends the event to the staged copy, and leaves it as one file.
func (r *Restore) note(ctx context.Context, staged string) (err error) {
	s, err := Open(ctx, Config{Database: "sqlite:" + staged, Access: Maintain})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(), os.Remove(staged+".lock")) }()
	_, err = org.NewService(s, rand.Reader, nil).NoteRestore(ctx, r.Backup, r.Current)
	return err
}

// Close gives the database's lock up.
func (r *Restore) Close() { r.unlock() }

// sqliteSuffixes are the files of one SQLite database.
var sqliteSuffixes = []string{"-wal", "-shm", ""}

// renameSQLite moves a database with its companions. The write-ahead log goes
// first: a database without its log is older than it should be, but a log
// beside another database would be worse.
func renameSQLite(from, to string) error {
	for _, suffix := range sqliteSuffixes {
		if err := os.Rename(from+suffix, to+suffix); err != nil && !(suffix != "" && errors.Is(err, fs.ErrNotExist)) {
			return fmt.Errorf("put the database from before aside: %w", err)
		}
	}
	return nil
}

func removeSQLite(file string) {
	for _, suffix := range append(sqliteSuffixes, ".lock") {
		_ = os.Remove(file + suffix)
	}
}

func createNew(file string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already and is not overwritten", file)
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// syncPath makes a file and its name survive a power cut.
func syncPath(file string) error {
	for _, path := range []string{file, filepath.Dir(file)} {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("sync %s: %w", path, err)
		}
	}
	return nil
}
