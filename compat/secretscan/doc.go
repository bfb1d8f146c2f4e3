// Package secretscan holds the scanner rules of docs/secret-scanning to the keys
// that Keyreeve issues: every one is found wherever it may stand, and nothing
// that only looks like one is. It has tests only.
//
// gitleaks runs as a library, the way its dir command does. TruffleHog is not
// published as a module that can be required, so of its rule the expression, the
// entropy and the exclusions are applied as its documentation says.
package secretscan
