package contracttest_test

import (
	"slices"
	"testing"

	"github.com/keyreeve/keyreeve/internal/contracttest"
	"github.com/keyreeve/keyreeve/openapi"
)

func TestOperationsNeitherRoutedNorListedAreCaught(t *testing.T) {
	t.Parallel()
	var all []string
	contract := 0
	for _, op := range contracttest.Operations() {
		all = append(all, op.ID)
		if !op.IsExtension() {
			contract++
		}
	}
	if contract != 119 {
		t.Fatalf("%d operations of the contract, want 119", contract)
	}
	var supported []string
	listed := openapi.Unsupported()
	for _, id := range all {
		if !slices.Contains(listed, id) {
			supported = append(supported, id)
		}
	}
	for _, tt := range []struct {
		name   string
		routed []string
		want   string
	}{
		{"good", supported, ""},
		{"one is not routed", supported[1:], supported[0] + " is neither routed nor in"},
		{"a listed one is routed", append(slices.Clip(supported), listed[0]), listed[0] + " is routed: take it out"},
		{"one is routed twice", append(slices.Clip(supported), supported[0]), supported[0] + " is there 2 times"},
		{"one is unknown", append(slices.Clip(supported), "fly"), "fly is no operation"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := &recorder{TB: t}
			contracttest.CheckCoverage(got, tt.routed)
			got.expect(t, tt.want)
		})
	}
}
