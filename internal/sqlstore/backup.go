package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

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
// checks the copy and returns its log's head. The file is on disk when it
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

// verifyFile checks the file of a SQLite database, its log and that its keys
// are those that the log says. It returns the log's head.
func verifyFile(ctx context.Context, file string) (head org.Head, err error) {
	s, err := Open(ctx, Config{Database: "sqlite:" + file, Access: ReadOnly})
	if err != nil {
		return head, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.checkPages(ctx); err != nil {
		return head, err
	}
	return s.VerifyLog(ctx, nil)
}

// checkPages lets SQLite check the pages, the types and the indexes of a file.
func (s *Store) checkPages(ctx context.Context) error {
	var fault string
	if err := s.read.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&fault); err != nil {
		return s.classify(fmt.Errorf("check the pages of %s: %w", s, err))
	}
	if fault != "ok" {
		return fmt.Errorf("%s is damaged: %s", s, strings.ReplaceAll(fault, "\n", " "))
	}
	return nil
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
