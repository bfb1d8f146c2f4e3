package plant_test

import (
	"os"
	"testing"

	"github.com/keyreeve/keyreeve/internal/plant"
)

// TestOnlyTheNamedBugIsPlanted runs with and without the build tag: without it
// KEYREEVE_PLANT means nothing.
func TestOnlyTheNamedBugIsPlanted(t *testing.T) {
	t.Parallel()
	named := os.Getenv("KEYREEVE_PLANT")
	for _, bug := range plant.All() {
		if plant.Is(bug) && bug != named {
			t.Errorf("%s is planted", bug)
		}
	}
}
