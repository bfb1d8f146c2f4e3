package sqlstore_test

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/keyreeve/keyreeve/internal/pgtest"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/sqlstore/faulty"
)

// TestLeastPrivilege does what docs/postgres.md says, and then everything that a
// server does, as the role that is meant for that.
func TestLeastPrivilege(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/postgres.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, part := range strings.Split(string(text), "```sql\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	if len(blocks) != 4 {
		t.Fatalf("the document has %d blocks of SQL, want 4", len(blocks))
	}
	super, err := url.Parse(pgtest.Start(t, pgtest.Options{}).DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	as := func(user string) string {
		database := *super
		query := database.Query()
		if user != "" {
			query.Set("user", user)
		}
		database.Path, database.RawQuery = "/keyreeve", query.Encode()
		return database.String()
	}
	run := func(database, block string) {
		t.Helper()
		conn := connect(t, database)
		for statement := range strings.SplitSeq(block, ";\n") {
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if _, err := conn.Exec(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	run(super.String(), blocks[0])
	run(as(""), blocks[1])
	closeStore(t, open(t, sqlstore.Config{Database: as("keyreeve_owner")}))
	run(as("keyreeve_owner"), blocks[2])

	reader := open(t, sqlstore.Config{Database: as("keyreeve_reader"), Access: sqlstore.ReadOnly})
	if _, err := reader.VerifyLog(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, err := reader.Replicas().Rows(t.Context()); err != nil {
		t.Error(err)
	}
	for user, statements := range map[string][]string{
		"keyreeve_app":    {`DELETE FROM events`, `UPDATE events SET at = 0`, `CREATE TABLE mine (id BIGINT)`, `DROP TABLE events`},
		"keyreeve_reader": {`INSERT INTO users (id, name, email, role, created_at) VALUES ('', '', '', '', 0)`, `DELETE FROM api_keys`},
	} {
		conn, err := pgx.Connect(t.Context(), as(user))
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range statements {
			if _, err := conn.Exec(t.Context(), statement); err == nil {
				t.Errorf("%s may %s", user, statement)
			}
		}
		_ = conn.Close(t.Context())
	}

	run(as("keyreeve_owner"), blocks[3]) // for the retention of the audit log
	everything(t, as("keyreeve_app"), func(_ context.Context, _ faulty.Call, do func() error) error { return do() })
}
