package sqlstore_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/token"
)

// TestTamperedFileIsCaught changes the file of a log of five events as somebody
// with a shell can.
func TestTamperedFileIsCaught(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		statements []string
		at         int64 // the first bad revision; 0: it takes a noted position to see it
	}{
		"record altered":    {[]string{`UPDATE events SET record = replace(record, 'key', 'kez') WHERE revision = 3`}, 3},
		"column altered":    {[]string{`UPDATE events SET resource_id = 'key_x' WHERE revision = 2`}, 2},
		"hash cut":          {[]string{`UPDATE events SET hash = x'00' WHERE revision = 4`}, 4},
		"event removed":     {[]string{`DELETE FROM events WHERE revision = 2`}, 2},
		"event moved":       {[]string{`UPDATE events SET revision = 9 WHERE revision = 4`}, 4},
		"log emptied":       {[]string{`DELETE FROM events`}, 1},
		"tail cut":          {[]string{`DELETE FROM events WHERE revision > 3`}, 4},
		"behind the head":   {[]string{`INSERT INTO events SELECT 6, id, type, at, actor_id, resource_id, project_id, record, hash FROM events WHERE revision = 5`}, 6},
		"head's hash":       {[]string{`UPDATE log_head SET hash = zeroblob(32)`}, 6},
		"head moved back":   {[]string{`UPDATE log_head SET revision = 4, hash = (SELECT hash FROM events WHERE revision = 4)`}, 5},
		"head moved on":     {[]string{`UPDATE log_head SET revision = 6`}, 6},
		"tail and head cut": {[]string{`DELETE FROM events WHERE revision > 3`, `UPDATE log_head SET revision = 3, hash = (SELECT hash FROM events WHERE revision = 3)`}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := engines["sqlite"](t)
			s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: file})
			if err != nil {
				t.Fatal(err)
			}
			for range 5 {
				if _, err := s.Update(t.Context(), func(tx org.Tx) error {
					tx.Emit(org.Event{Type: org.EventAPIKeyCreated, Resource: "key"})
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			noted, err := s.VerifyLog(t.Context(), nil)
			if err != nil || noted.Revision != 5 {
				t.Fatalf("a good log: %v, %v", noted, err)
			}
			closeStore(t, s)
			rawSQL(t, file, tt.statements...)
			s = open(t, sqlstore.Config{Database: file, Access: sqlstore.ReadOnly})
			_, err = s.VerifyLog(t.Context(), nil)
			var broken *org.ChainError
			if errors.As(err, &broken); tt.at != 0 && (broken == nil || broken.Revision != tt.at) {
				t.Errorf("error %v, want revision %d", err, tt.at)
			}
			if tt.at == 0 && err != nil {
				t.Errorf("without a noted position: %v", err)
			}
			if _, err := s.VerifyLog(t.Context(), &noted); !errors.As(err, &broken) {
				t.Errorf("with a noted position: %v", err)
			}
		})
	}
}

// TestLogIsVerifiedBesideAServer: a log that grows while it is read is whole.
func TestLogIsVerifiedBesideAServer(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			at := database(t)
			s := open(t, sqlstore.Config{Database: at})
			reader := open(t, sqlstore.Config{Database: at, Access: sqlstore.ReadOnly})
			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(stopped)
				for {
					select {
					case <-stop:
						return
					default:
						if _, err := s.Update(t.Context(), func(tx org.Tx) error { tx.Emit(org.Event{}); return nil }); err != nil {
							t.Error(err)
							return
						}
					}
				}
			}()
			var last int64
			for range 50 {
				head, err := reader.VerifyLog(t.Context(), nil)
				if err != nil || head.Revision < last {
					t.Errorf("head %v after %d, %v", head, last, err)
				}
				last = head.Revision
			}
			close(stop)
			<-stopped
		})
	}
}

// TestRowsBehindTheLogsBackAreNamed changes rows and leaves the log alone.
func TestRowsBehindTheLogsBackAreNamed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ statement, want string }{
		"untouched":      {`SELECT 1`, ""},
		"a use":          {`INSERT INTO key_uses VALUES ('key_1', 5)`, ""},
		"key put in":     {`INSERT INTO api_keys SELECT kind, 'key_x', name, zeroblob(32), redacted, created_at, expires_at, owner_type, owner_id, project_id FROM api_keys`, "key key_x is not in the log"},
		"key put twice":  {`INSERT INTO api_keys SELECT kind, 'key_x', name, digest, redacted, created_at, expires_at, owner_type, owner_id, project_id FROM api_keys`, "has the value of another"},
		"key removed":    {`DELETE FROM api_keys`, "is missing"},
		"expiry moved":   {`UPDATE api_keys SET expires_at = 9999999999`, "was changed"},
		"digest changed": {`UPDATE api_keys SET digest = zeroblob(32)`, "is not in the log"},
		"owner changed":  {`UPDATE api_keys SET owner_id = 'user_x'`, "was changed"},
		"role changed":   {`UPDATE users SET role = 'reader'`, "user "},
		"user put in":    {`INSERT INTO users (id, name, email, role, created_at) VALUES ('user_x', 'X', 'x@example.com', 'owner', 1)`, "user user_x is not in the log"},
		"account put in": {`INSERT INTO service_accounts (project_id, id, name, role, created_at) VALUES ('proj_x', 'sa_x', 'X', 'member', 1)`, "service account sa_x is not in the log"},
		"limit put in":   {`INSERT INTO project_rate_limits VALUES ('proj_x', 'm', 1, 1, 1, 1, 1, 1)`, "rate limit for m of proj_x is not in the log"},
		"archived":       {`UPDATE projects SET archived_at = 1`, "project "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := engines["sqlite"](t)
			s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: file})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := org.NewService(s, rand.Reader, nil).Bootstrap(t.Context(), org.Bootstrap{
				OwnerName: "Ada", OwnerEmail: "ada@example.com",
				Announce: func(org.AdminAPIKey, token.Secret) error { return nil },
			}); err != nil {
				t.Fatal(err)
			}
			closeStore(t, s)
			rawSQL(t, file, tt.statement)
			s = open(t, sqlstore.Config{Database: file, Access: sqlstore.ReadOnly})
			_, err = s.VerifyLog(t.Context(), nil)
			var wrong *sqlstore.StateError
			if errors.As(err, &wrong) != (tt.want != "") || tt.want != "" && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if _, err := sqlstore.Backup(t.Context(), file, file+".copy"); (err != nil) != (tt.want != "") {
				t.Errorf("backup: %v", err)
			}
		})
	}
}
