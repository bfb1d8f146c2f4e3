package gateway_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// net/http waits half a second before it closes on who sent too much.
		goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}
