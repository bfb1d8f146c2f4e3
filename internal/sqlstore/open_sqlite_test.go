package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

// refusedWith opens a database that must be refused in one line that says want.
func refusedWith(t *testing.T, cfg sqlstore.Config, want ...string) {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), cfg)
	if err == nil {
		closeStore(t, s)
		t.Fatalf("%s was opened", cfg.Database)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q, want it to say %q", err, w)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error of several lines: %q", err)
	}
}

// rawSQL runs statements on a SQLite file behind the store's back.
func rawSQL(t *testing.T, file string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, text := range statements {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// served returns a database that was served once.
func served(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keyreeve.db")
	s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: file})
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	return file
}

func TestSecondServerOfAFileIsRefusedAndNamed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keyreeve.db")
	other := startChild(t, file)
	if other.said != "open" {
		t.Fatal(other.said)
	}
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	pid := fmt.Sprintf("process %d", other.cmd.Process.Pid)
	for _, name := range []string{file, "sqlite:" + file, link} {
		refusedWith(t, sqlstore.Config{Database: name}, pid, "holds it")
		refusedWith(t, sqlstore.Config{Database: name, Access: sqlstore.Maintain}, pid)
	}
	reader := open(t, sqlstore.Config{Database: file, Access: sqlstore.ReadOnly}) // beside a server
	if _, err := reader.Head(t.Context()); err != nil {
		t.Error(err)
	}

	other.kill()
	s := open(t, sqlstore.Config{Database: file})
	refusedWith(t, sqlstore.Config{Database: file}, fmt.Sprintf("process %d", os.Getpid())) // this one
	closeStore(t, s)
	if again := startChild(t, file); again.said != "open" {
		t.Errorf("after Close: %s", again.said)
	}
}

func TestLinkToAFileThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := filepath.Join(dir, "link.db")
	if err := os.Symlink(filepath.Join(dir, "keyreeve.db"), link); err != nil {
		t.Fatal(err)
	}
	open(t, sqlstore.Config{Database: link})
	refusedWith(t, sqlstore.Config{Database: link}, "holds it")
	refusedWith(t, sqlstore.Config{Database: filepath.Join(dir, "keyreeve.db")}, "holds it")
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	file := served(t)
	rawSQL(t, file, `INSERT INTO keyreeve_schema (version_id, is_applied) VALUES (99, 1)`)
	for _, access := range []sqlstore.Access{sqlstore.Serve, sqlstore.Maintain, sqlstore.ReadOnly} {
		refusedWith(t, sqlstore.Config{Database: file, Access: access}, "version 99", "knows versions up to")
	}
}

func TestOlderSchemaIsMigratedOnlyByAServer(t *testing.T) {
	t.Parallel()
	file := served(t)
	rawSQL(t, file, `DELETE FROM keyreeve_schema WHERE version_id > 0`)
	for _, access := range []sqlstore.Access{sqlstore.Maintain, sqlstore.ReadOnly} {
		refusedWith(t, sqlstore.Config{Database: file, Access: access}, "version 0", "needs version", "start the server")
	}
}

func TestWhatIsNoDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(path("text"), []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	rawSQL(t, path("foreign.db"), `CREATE TABLE users (id TEXT)`)
	rawSQL(t, path("goose.db"), `CREATE TABLE goose_db_version (id INTEGER, version_id INTEGER, is_applied INTEGER)`)
	foreign, err := os.ReadFile(path("foreign.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path("directory"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, access := range []sqlstore.Access{sqlstore.Serve, sqlstore.Maintain, sqlstore.ReadOnly} {
		refusedWith(t, sqlstore.Config{Database: path("text"), Access: access}, "open sqlite:"+path("text"), "not a database")
		refusedWith(t, sqlstore.Config{Database: path("foreign.db"), Access: access}, "not a keyreeve database")
		refusedWith(t, sqlstore.Config{Database: path("goose.db"), Access: access}, "not a keyreeve database")
		refusedWith(t, sqlstore.Config{Database: path("directory"), Access: access}, "director")
	}
	if after, err := os.ReadFile(path("foreign.db")); err != nil || !cmp.Equal(foreign, after) {
		t.Errorf("another program's database was changed, %v", err)
	}
	refusedWith(t, sqlstore.Config{Database: path("none/keyreeve.db")}, "no directory "+path("none"))
	refusedWith(t, sqlstore.Config{Database: path("text/keyreeve.db")}, "no directory "+path("text"))
	for _, name := range []string{"", "sqlite:", ":memory:", "sqlite::memory:", "mysql://u:secret@h/db", "host=h password=secret"} {
		refusedWith(t, sqlstore.Config{Database: name}, "database")
		if _, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: name}); strings.Contains(err.Error(), "secret") {
			t.Errorf("the password is in %q", err)
		}
	}
}

func TestOnlyAServerMakesADatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "keyreeve.db")
	for _, access := range []sqlstore.Access{sqlstore.Maintain, sqlstore.ReadOnly} {
		refusedWith(t, sqlstore.Config{Database: file, Access: access}, "no such file")
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refusedWith(t, sqlstore.Config{Database: file, Access: sqlstore.ReadOnly}, "never served")
	refusedWith(t, sqlstore.Config{Database: file, Access: sqlstore.Maintain}, "never served")
	open(t, sqlstore.Config{Database: file}) // an empty file is as good as none
}

func TestReadOnlyStoreDoesNotWrite(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			at := database(t)
			open(t, sqlstore.Config{Database: at})
			s := open(t, sqlstore.Config{Database: at, Access: sqlstore.ReadOnly})
			if _, err := s.Update(t.Context(), func(tx org.Tx) error { tx.Emit(org.Event{}); return nil }); err == nil {
				t.Error("Update wrote")
			}
			if err := s.RecordUses(t.Context(), []org.Use{{KeyID: "key_x", At: 1}}); err == nil {
				t.Error("RecordUses wrote")
			}
			if head, err := s.Head(t.Context()); err != nil || head.Revision != 0 {
				t.Errorf("head %v, %v", head, err)
			}
		})
	}
}

func TestAnyFileNameWorks(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "a?b.db", "a?mode=memory", "a%20b.db", "a%3fb", "a#b.db", "a&b=c.db", "ünï🔑.db", "a:b.db", "'a;\"b.db", "-a.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, name)
			for range 2 {
				s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: file})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.Update(t.Context(), func(tx org.Tx) error { tx.Emit(org.Event{}); return nil }); err != nil {
					t.Error(err)
				}
				checkModes(t, dir, name)
				closeStore(t, s)
			}
			s := open(t, sqlstore.Config{Database: file, Access: sqlstore.ReadOnly})
			if head, err := s.Head(t.Context()); err != nil || head.Revision != 2 {
				t.Errorf("head %v, %v, want revision 2", head, err)
			}
		})
	}
}

// checkModes wants the files of a served database, and none of them readable to
// others.
func checkModes(t *testing.T, dir, name string) {
	t.Helper()
	modes := make(map[string]os.FileMode)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		modes[entry.Name()] = info.Mode()
	}
	want := map[string]os.FileMode{name: 0o600, name + "-wal": 0o600, name + "-shm": 0o600, name + ".lock": 0o600}
	if diff := cmp.Diff(want, modes); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// pragmas are what a SQLite connection of the store must have.
func TestSQLiteIsDurable(t *testing.T) {
	t.Parallel()
	s := open(t, sqlstore.Config{Database: engines["sqlite"](t)})
	for _, pool := range s.Pools() {
		for pragma, want := range map[string]string{
			"synchronous":  "2", // FULL
			"journal_mode": "wal",
			"busy_timeout": "5000",
		} {
			var got string
			if err := pool.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s = %s, %v, want %s", pragma, got, err, want)
			}
		}
	}
}

func TestClosedStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: database(t)})
			if err != nil {
				t.Fatal(err)
			}
			closeStore(t, s)
			if _, err := s.Update(t.Context(), func(org.Tx) error { return nil }); !errors.Is(err, org.ErrUnavailable) {
				t.Errorf("Update: %v", err)
			}
			if _, err := s.Head(t.Context()); !errors.Is(err, org.ErrUnavailable) {
				t.Errorf("Head: %v", err)
			}
		})
	}
}

func TestCloseWaitsForUpdates(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			at := database(t)
			s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: at})
			if err != nil {
				t.Fatal(err)
			}
			results := make(chan error)
			for range 50 {
				go func() {
					_, err := s.Update(context.WithoutCancel(t.Context()), func(tx org.Tx) error { tx.Emit(org.Event{}); return nil })
					results <- err
				}()
			}
			acknowledged := int64(0)
			if <-results == nil { // the rest is under way
				acknowledged++
			}
			closeStore(t, s)
			for range 49 {
				switch err := <-results; {
				case err == nil:
					acknowledged++
				case !errors.Is(err, org.ErrUnavailable):
					t.Error(err)
				}
			}
			head, err := open(t, sqlstore.Config{Database: at}).Head(t.Context())
			if err != nil || head.Revision != acknowledged {
				t.Errorf("head %d, %v, acknowledged %d", head.Revision, err, acknowledged)
			}
		})
	}
}
