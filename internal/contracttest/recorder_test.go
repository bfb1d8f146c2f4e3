package contracttest_test

// The checks of this package guard every other test, so each is shown by its
// tests to catch the faults it exists for. They report to a recorder.

import (
	"fmt"
	"strings"
	"testing"
)

// recorder is a test that keeps its failures to itself.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper()                           {}
func (r *recorder) Logf(string, ...any)               {}
func (r *recorder) Error(args ...any)                 { r.failures = append(r.failures, fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, args ...any) { r.Error(fmt.Sprintf(format, args...)) }

// expect fails unless the recorded failures are one that contains want, or
// none where want is empty.
func (r *recorder) expect(t *testing.T, want string) {
	t.Helper()
	all := strings.Join(r.failures, "\n")
	switch {
	case want == "" && all != "":
		t.Errorf("a good input is refused: %s", all)
	case want != "" && !strings.Contains(all, want):
		t.Errorf("failures %q, want one with %q", all, want)
	}
}
