package sqlstore_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

// TestTamperedCheckpointIsCaught changes a file whose old events were dropped.
func TestTamperedCheckpointIsCaught(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		statements []string
		problem    string
	}{
		"nothing":                {nil, ""},
		"no checkpoint":          {[]string{`DELETE FROM audit_checkpoint`}, "the next event stored has revision 32"},
		"more cut off":           {[]string{`UPDATE audit_checkpoint SET revision = 35, hash = (SELECT hash FROM events WHERE revision = 35)`, `DELETE FROM events WHERE revision <= 35`}, "signature"},
		"hash of the checkpoint": {[]string{`UPDATE audit_checkpoint SET hash = zeroblob(32)`}, "signature"},
		"signature":              {[]string{`UPDATE audit_checkpoint SET signature = zeroblob(64)`}, "signature"},
		"another's key":          {[]string{`UPDATE audit_checkpoint SET public_key = zeroblob(32)`}, "signature"},
		"a short hash":           {[]string{`UPDATE audit_checkpoint SET hash = x'00'`}, "damaged"},
		"a short sum":            {[]string{`UPDATE audit_checkpoint SET state = x'00'`}, "damaged"},
		"another organization":   {[]string{`UPDATE organization SET id = 'org_x'`}, "signature"},
		"an element changed":     {[]string{`UPDATE audit_base SET effect = replace(effect, '"owner"}', '"reader"}') WHERE kind = 'owner'`}, "state was changed"},
		"an element removed":     {[]string{`DELETE FROM audit_base WHERE id = (SELECT MIN(id) FROM audit_base WHERE kind = 'key')`}, "state was changed"},
		"a broken element":       {[]string{`UPDATE audit_base SET effect = '{}' WHERE kind = 'owner'`}, "damaged"},
		"an element and its row": {[]string{`DELETE FROM audit_base WHERE kind = 'project'`, `DELETE FROM projects`}, "state was changed"},
		"a key that was old":     {[]string{`UPDATE api_keys SET expires_at = 1 WHERE id = (SELECT MIN(id) FROM api_keys)`}, "was changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := engines["sqlite"](t)
			s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: file})
			if err != nil {
				t.Fatal(err)
			}
			svc := org.NewService(s, rand.Reader, nil)
			owner := bootstrap(t, svc)
			for range 50 {
				if _, _, _, err := svc.CreateAdminAPIKey(t.Context(), owner, org.NewAdminAPIKey{Name: "x"}); err != nil {
					t.Fatal(err)
				}
			}
			if more, err := svc.TrimAudit(t.Context(), 1<<40, private); err != nil || !more {
				t.Fatalf("TrimAudit = %t, %v", more, err)
			}
			closeStore(t, s)
			rawSQL(t, file, tt.statements...)
			s = open(t, sqlstore.Config{Database: file, Access: sqlstore.ReadOnly})
			report, err := s.CheckLog(t.Context(), nil, public)
			if tt.problem == "" {
				if err != nil || report.Checkpoint == nil || report.Checkpoint.Revision != 31 {
					t.Errorf("%+v, %v", report, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("got %v, want %q", err, tt.problem)
			}
		})
	}
}

// TestCheckpointOfAnotherKey signs what was dropped with a key that is not the
// operator's: only who knows the operator's sees it.
func TestCheckpointOfAnotherKey(t *testing.T) {
	t.Parallel()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, sqlstore.Config{Database: engines["sqlite"](t)})
	svc := org.NewService(s, rand.Reader, nil)
	owner := bootstrap(t, svc)
	for range 50 {
		if _, _, _, err := svc.CreateAdminAPIKey(t.Context(), owner, org.NewAdminAPIKey{Name: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	noted, err := s.VerifyLog(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	early := org.Head{Revision: 5}
	if _, err := svc.TrimAudit(t.Context(), 1<<40, other); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CheckLog(t.Context(), &noted, nil); err != nil {
		t.Errorf("a position behind the checkpoint: %v", err)
	}
	if _, err := s.CheckLog(t.Context(), &early, nil); err == nil || !strings.Contains(err.Error(), "was dropped") {
		t.Errorf("a position before the checkpoint: %v", err)
	}
	var broken *org.ChainError
	if _, err := s.CheckLog(t.Context(), nil, public); !errors.As(err, &broken) || !strings.Contains(err.Error(), "another key") {
		t.Errorf("got %v", err)
	}
}

// A log that was tampered with is not dropped.
func TestBrokenLogIsKept(t *testing.T) {
	t.Parallel()
	file := engines["sqlite"](t)
	s, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: file})
	if err != nil {
		t.Fatal(err)
	}
	svc := org.NewService(s, rand.Reader, nil)
	owner := bootstrap(t, svc)
	for range 50 {
		if _, _, _, err := svc.CreateAdminAPIKey(t.Context(), owner, org.NewAdminAPIKey{Name: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	closeStore(t, s)
	rawSQL(t, file, `UPDATE events SET record = replace(record, '"x"', '"y"') WHERE revision = 7`)
	s = open(t, sqlstore.Config{Database: file})
	_, err = org.NewService(s, rand.Reader, nil).TrimAudit(t.Context(), 1<<40, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	var broken *org.ChainError
	if !errors.As(err, &broken) || broken.Revision != 7 {
		t.Errorf("got %v, want the fault at revision 7", err)
	}
}
