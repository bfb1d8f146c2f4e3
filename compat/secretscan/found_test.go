package secretscan

import (
	"maps"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/token"
)

// mustFindAll demands that exactly the values were found.
func mustFindAll(t *testing.T, values, found []string) {
	t.Helper()
	missing := map[string]int{}
	for i, value := range values {
		missing[value] = i
	}
	if len(missing) != len(values) {
		t.Fatal("the same value twice")
	}
	wanted := maps.Clone(missing)
	for _, secret := range found {
		if _, ok := wanted[secret]; !ok {
			t.Errorf("found %s, which was not there", token.Redact(secret))
		}
		delete(missing, secret)
	}
	for value, i := range missing {
		t.Errorf("%s was not found in: %s", token.Redact(value), places[i%len(places)].line)
	}
	t.Logf("%d of %d values found", len(values)-len(missing), len(values))
}

// mustFindNone demands that nothing was found; what names the values.
func mustFindNone(t *testing.T, what map[string]string, found []string) {
	t.Helper()
	for _, secret := range found {
		near := "nothing that was put there"
		for value, name := range what {
			if strings.Contains(value, secret) {
				near = name
			}
		}
		t.Errorf("found %s in: %s", token.Redact(secret), near)
	}
	t.Logf("%d of %d values found", len(found), len(what))
}
