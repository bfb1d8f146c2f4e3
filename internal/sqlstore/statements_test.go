package sqlstore_test

import (
	"context"
	"crypto/rand"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/fleet"
	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/sqlstore/faulty"
	keytoken "github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// oneEngineOnly are the files whose statements are not meant for both engines.
var oneEngineOnly = map[string]bool{"sqlite.go": true, "postgres.go": true, "postgres_migrate.go": true, "postgres_listen.go": true, "backup.go": true}

// TestEveryStatementRunsOnBothEngines calls everything that a store does, and
// finds each SQL text of the package's source among what the engine was given.
// A statement added without a caller here fails it.
func TestEveryStatementRunsOnBothEngines(t *testing.T) {
	t.Parallel()
	written := statements(t)
	if len(written) < 20 {
		t.Fatalf("only %d statements found in the source", len(written))
	}
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			run := make(map[string]bool)
			everything(t, database(t), func(ctx context.Context, call faulty.Call, do func() error) error {
				err := do()
				if err == nil {
					mu.Lock()
					run[unnumbered(call.Text)] = true
					mu.Unlock()
				}
				return err
			})
			all := strings.Join(slices.Collect(maps.Keys(run)), "\x00")
			for text, place := range written {
				if !strings.Contains(all, unnumbered(text)) {
					t.Errorf("%s: this statement was not run:\n%s", place, text)
				}
			}
		})
	}
}

var numbered = regexp.MustCompile(`\$\d+`)

// unnumbered is a text as SQLite is given it, whose parameters have no numbers.
func unnumbered(text string) string { return numbered.ReplaceAllLiteralString(text, "?") }

// everything calls each method of a store and of its transactions once.
func everything(t *testing.T, database string, hook faulty.Hook) {
	t.Helper()
	ctx := t.Context()
	open(t, sqlstore.Config{Database: database, WrapConnector: hook.Wrap}).Close()
	s := open(t, sqlstore.Config{Database: database, WrapConnector: hook.Wrap, Access: sqlstore.Maintain})
	svc := org.NewService(s, rand.Reader, nil)
	owner := bootstrap(t, svc)
	key, _, _, err := svc.CreateAdminAPIKey(ctx, owner, org.NewAdminAPIKey{Name: "x"})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	must(err)
	for _, descending := range []bool{false, true} {
		_, err = svc.ListAdminAPIKeys(ctx, owner, org.Page{Limit: 1, Descending: descending})
		must(err)
	}
	_, err = svc.GetAdminAPIKey(ctx, owner, key.ID)
	must(err)
	must(s.RecordUses(ctx, []org.Use{{KeyID: key.ID, At: 1}}))
	must(s.RecordTime(ctx, 1))
	_, err = s.RecordedTime(ctx)
	must(err)
	_, err = svc.Organization(ctx)
	must(err)
	must(svc.Recover(ctx, func(org.AdminAPIKey, keytoken.Secret) error { return nil }))
	_, err = svc.DeleteAdminAPIKey(ctx, owner, key.ID)
	must(err)
	_, err = svc.DeleteAdminAPIKey(ctx, owner, owner.KeyID) // the recovered one is left
	must(err)
	_, err = snapshot(ctx, s)
	must(err)
	_, err = s.VerifyLog(ctx, nil)
	must(err)
	must(s.Ping(ctx))
	replicas, terms := s.Replicas(), verify.Terms{Lease: time.Second}
	_, err = replicas.Agree(ctx, terms)
	must(err)
	_, err = replicas.Terms(ctx)
	must(err)
	must(replicas.Join(ctx, fleet.Replica{ID: "one"}, terms))
	_, _, err = replicas.Beat(ctx, "one", verify.Position{Revision: 1}, 2)
	must(err)
	_, err = replicas.Rows(ctx)
	must(err)
	_, err = replicas.Remove(ctx, "one", 1)
	must(err)
	_, _, err = s.KeyByDigest(ctx, key.Digest)
	must(err)
	_, _, err = s.KeyEnd(ctx, key.Digest)
	must(err)

	everyResource(t, s)
	everyAuditRead(t, s)
	for _, text := range sqlstore.Rare {
		stmt, err := s.Pools()[1].PrepareContext(ctx, text)
		must(err)
		must(stmt.Close())
	}
}

var sqlText = regexp.MustCompile(`^(SELECT|INSERT|UPDATE|DELETE|WITH)\s`)

// statements returns the SQL texts of the package's source, with their places.
func statements(t *testing.T) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	files := token.NewFileSet()
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || oneEngineOnly[name] {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				if sqlText.MatchString(text) {
					found[text] = files.Position(lit.Pos()).String()
				}
			}
			return true
		})
	}
	return found
}

// TestNoStatementUsesWhatTheEnginesUnderstandDifferently holds the texts to the
// subset that means the same on both.
func TestNoStatementUsesWhatTheEnginesUnderstandDifferently(t *testing.T) {
	t.Parallel()
	var bad []string
	for text, place := range statements(t) {
		for _, word := range []string{"SELECT *", "NOW()", "CURRENT_TIMESTAMP", "OFFSET", "||''", "?"} {
			if strings.Contains(strings.ToUpper(text), word) {
				bad = append(bad, place+": "+word)
			}
		}
	}
	if diff := cmp.Diff([]string(nil), bad); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
