package contracttest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"testing"
)

// Headers of every response. A 401 carries those of the first list only, since
// nobody is known whose organization it could name.
var (
	alwaysHeaders = map[string]*regexp.Regexp{
		"X-Request-Id":           regexp.MustCompile(`^req_[0-9a-f]{32}$`),
		"X-Content-Type-Options": regexp.MustCompile(`^nosniff$`),
		"Cache-Control":          regexp.MustCompile(`^no-store$`),
	}
	knownCallerHeaders = map[string]*regexp.Regexp{
		"Openai-Version":       regexp.MustCompile(`^2020-10-01$`),
		"Openai-Organization":  regexp.MustCompile(`^\S+$`),
		"Openai-Processing-Ms": regexp.MustCompile(`^[0-9]+$`),
	}
)

// ValidateHeaders checks the headers that every response of the API carries.
func ValidateHeaders(tb testing.TB, status int, header http.Header) {
	tb.Helper()
	for _, problem := range headerProblems(status, header) {
		tb.Error(problem)
	}
}

func headerProblems(status int, header http.Header) (problems []string) {
	expect := func(headers map[string]*regexp.Regexp) {
		for name, pattern := range headers {
			if got := header.Values(name); len(got) != 1 || !pattern.MatchString(got[0]) {
				problems = append(problems, fmt.Sprintf("a %d with %s %q, want one like %s", status, name, got, pattern))
			}
		}
	}
	expect(alwaysHeaders)
	if status == http.StatusUnauthorized {
		for name := range knownCallerHeaders {
			if got := header.Values(name); len(got) > 0 {
				problems = append(problems, fmt.Sprintf("a 401 with %s %q, want none", name, got))
			}
		}
	} else {
		expect(knownCallerHeaders)
	}
	slices.Sort(problems)
	return problems
}
