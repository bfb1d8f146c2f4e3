// Package crashtest ends servers without warning and takes their disk away,
// and checks that nothing they acknowledged was lost and nothing they revoked
// came back. It has tests only, which run the program as it is shipped.
//
// Each harness also runs against a server with a planted bug, which it must
// catch: see planted_test.go.
package crashtest
