package historytest_test

import (
	"fmt"

	"github.com/keyreeve/keyreeve/internal/historytest"
)

// counts is what histories were made of.
type counts struct {
	runs, faults, violations, undecided         int
	creations, revocations, notFound, uncertain int
	allowed, refused, unable                    int
}

func count(operations []historytest.Operation) (c counts) {
	for _, o := range operations {
		switch {
		case o.Answer == historytest.Allowed:
			c.allowed++
		case o.Answer == historytest.Refused:
			c.refused++
		case o.Answer == historytest.Unable:
			c.unable++
		case o.Answer == historytest.Gone:
			c.notFound++
		case o.Answer != historytest.Done:
			c.uncertain++
		case o.Kind == historytest.Create:
			c.creations++
		default:
			c.revocations++
		}
	}
	return c
}

func (c *counts) add(d counts) {
	c.runs += d.runs
	c.faults += d.faults
	c.violations += d.violations
	c.undecided += d.undecided
	c.creations += d.creations
	c.revocations += d.revocations
	c.notFound += d.notFound
	c.uncertain += d.uncertain
	c.allowed += d.allowed
	c.refused += d.refused
	c.unable += d.unable
}

func (c counts) verifications() int { return c.allowed + c.refused + c.unable }

// String is the summary of a test.
func (c counts) String() string {
	return fmt.Sprintf("%d runs, %d faults\n%d creations, %d revocations, %d of keys that were gone (404), %d changes that failed or had no answer\n"+
		"%d verifications: %d allowed, %d refused, %d answered 503\n%d violations; %d windows too large for the search",
		c.runs, c.faults, c.creations, c.revocations, c.notFound, c.uncertain,
		c.verifications(), c.allowed, c.refused, c.unable, c.violations, c.undecided)
}
