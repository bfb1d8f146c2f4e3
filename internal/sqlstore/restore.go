package sqlstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
)

// Restore is a restore that was checked and not yet done. Close it.
type Restore struct {
	Backup   org.Head
	Replaces bool     // there is a database to put aside
	Current  org.Head // its head, as far as it could be read

	from   string
	target *sqliteDialect
	unlock func()
	step   func(string) // is told what is about to happen
}

// PlanRestore checks that the backup is whole, and takes the target's lock,
// which a running server holds.
func PlanRestore(ctx context.Context, database, file string) (*Restore, error) {
	target, err := sqliteOf(database)
	if err != nil {
		return nil, err
	}
	source, err := newSQLite(file)
	if err != nil {
		return nil, err
	}
	if sameFile(source.file, target.file) {
		return nil, fmt.Errorf("%s is the database itself, not a backup of it", file)
	}
	r := &Restore{from: source.file, target: target, step: func(string) {}}
	if r.Backup, err = verifyFile(ctx, source.file); err != nil {
		return nil, fmt.Errorf("%s cannot be restored: %w", file, err)
	}
	if r.unlock, err = lockDatabase(target.file); err != nil {
		return nil, fmt.Errorf("open %s: %w", target, err)
	}
	if _, err := os.Stat(target.file); err == nil {
		r.Replaces = true
		if err := target.oneName(true); err != nil {
			r.Close()
			return nil, fmt.Errorf("open %s: %w", target, err)
		}
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
// under which the database from before is kept, or "". However it is
// interrupted, the database's name leads to the one from before or to the
// restored one: a single rename replaces the one by the other.
func (r *Restore) Run(ctx context.Context) (kept string, err error) {
	staged := r.target.file + restoringSuffix
	removeSQLite(staged) // of a restore that was interrupted
	defer removeSQLite(staged)
	r.step("stage")
	if err := r.stage(ctx, staged); err != nil {
		return "", err
	}
	r.step("note")
	if err := r.note(ctx, staged); err != nil {
		return "", fmt.Errorf("log the restore: %w", err)
	}
	if err := ownLike(staged, r.target.file); err != nil {
		return "", err
	}
	if err := syncPath(staged); err != nil { // before its name can take the database's place
		return "", err
	}
	if r.Replaces {
		if kept, err = r.keep(ctx); err != nil {
			return "", fmt.Errorf("keep the database from before: %w", err)
		}
	}
	r.step("replace")
	if err := os.Rename(staged, r.target.file); err != nil {
		return kept, err
	}
	r.step("sync")
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

// keep gives the database from before a second name, which becomes its only
// one when the restored file takes the first, and leaves no companion behind
// that SQLite would take for the restored file's.
func (r *Restore) keep(ctx context.Context) (kept string, err error) {
	r.step("settle")
	whole, err := r.settle(ctx)
	if err != nil {
		return "", err
	}
	r.step("link")
	if kept, err = secondName(r.target.file, time.Now()); err != nil {
		return "", err
	}
	for _, suffix := range companions {
		r.step("companion " + suffix)
		if whole { // there is nothing in it any more
			err = removeIfThere(r.target.file + suffix)
		} else {
			err = renameIfThere(r.target.file+suffix, kept+suffix)
		}
		if err != nil {
			return "", err
		}
	}
	return kept, syncPath(kept)
}

// settle moves all of the database into its one file. It says false of a
// damaged one, whose companions may hold what can still be saved.
func (r *Restore) settle(ctx context.Context) (whole bool, err error) {
	db, err := r.target.connect(Config{Access: Maintain}, writerPool)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, db.Close()) }() // the last one to close removes the companions
	var version, busy, frames, done int
	// Reading undoes what a rollback journal says is half done.
	if err := db.QueryRowContext(ctx, `PRAGMA schema_version`).Scan(&version); err != nil {
		return false, ctx.Err()
	}
	if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &done); err != nil {
		return false, ctx.Err()
	}
	if busy != 0 {
		return false, errors.New("another process reads it: try again when that is done")
	}
	return true, nil
}

// Close gives the database's lock up.
func (r *Restore) Close() { r.unlock() }
