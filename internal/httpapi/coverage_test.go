package httpapi_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/contracttest"
	"github.com/keyreeve/keyreeve/internal/httpapi"
)

func TestEveryOperationIsRoutedOrListedAsUnsupported(t *testing.T) {
	t.Parallel()
	var routed []string
	for _, r := range httpapi.Routes() {
		routed = append(routed, r.Operation)
	}
	contracttest.CheckCoverage(t, routed)
}

// TestRoutesStandWhereTheContractHasThem catches an operation that is served
// under another's path, which coverage by id does not see.
func TestRoutesStandWhereTheContractHasThem(t *testing.T) {
	t.Parallel()
	type place struct{ method, path string }
	contract := map[string]place{}
	for _, op := range contracttest.Operations() {
		contract[op.ID] = place{op.Method, op.Path}
	}
	for _, r := range httpapi.Routes() {
		if got := (place{r.Method, r.Path}); got != contract[r.Operation] {
			t.Errorf("%s is served at %v, want %v", r.Operation, got, contract[r.Operation])
		}
	}
}

// TestEveryRouteIsDocumented holds the table in docs/api.md to the routes.
func TestEveryRouteIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range httpapi.Routes() {
		if row := fmt.Sprintf("| `%s` | `%s %s` |", r.Operation, r.Method, r.Path); !strings.Contains(string(page), row) {
			t.Errorf("docs/api.md lacks the row %s", row)
		}
	}
}
