package contracttest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/keyreeve/keyreeve/openapi"
)

// CheckCoverage holds the ids of the routed operations against the contract:
// every operation is routed or listed in openapi/unsupported.txt, never both,
// and neither names one that the contract does not have. It logs how many are
// served; Keyreeve's own operations are held to the same, and counted apart.
func CheckCoverage(tb testing.TB, routed []string) {
	tb.Helper()
	for _, problem := range coverageProblems(routed, openapi.Unsupported()) {
		tb.Error(problem)
	}
	var served, all, own int
	for _, op := range load().operations {
		isServed := slices.Contains(routed, op.ID)
		switch {
		case !op.IsExtension():
			all++
			if isServed {
				served++
			}
		case isServed:
			own++
		}
	}
	tb.Logf("contract coverage: %d of %d operations served, and %d of Keyreeve's own", served, all, own)
}

func coverageProblems(routed, unsupported []string) (problems []string) {
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	counts := make(map[string]int)
	for _, id := range slices.Concat(routed, unsupported) {
		counts[id]++
	}
	for _, op := range load().operations {
		switch n := counts[op.ID]; {
		case n == 0:
			add("%s is neither routed nor in openapi/unsupported.txt", op.ID)
		case n == 1:
		case slices.Contains(routed, op.ID) && slices.Contains(unsupported, op.ID):
			add("%s is routed: take it out of openapi/unsupported.txt", op.ID)
		default:
			add("%s is there %d times", op.ID, n)
		}
		delete(counts, op.ID)
	}
	for id := range counts {
		add("%s is no operation of the contract", id)
	}
	slices.Sort(problems)
	return problems
}
