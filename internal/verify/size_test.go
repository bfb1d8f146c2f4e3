package verify_test

import (
	"runtime"
	"testing"

	"github.com/keyreeve/keyreeve/internal/verify"
)

// TestHeapPerKey holds the index to its size at the worst moment of its growth,
// just after segments were rebuilt. A tenth as many owners as keys is included.
// It does not run in parallel, for it measures the heap of the whole process.
func TestHeapPerKey(t *testing.T) {
	const limit = 110
	for _, n := range []int{90_000, 100_000, 105_000} {
		if got := heapPerKey(t, n); got > limit {
			t.Errorf("%.1f bytes a key at %d keys, want at most %d", got, n, limit)
		} else {
			t.Logf("%.1f bytes a key at %d keys", got, n)
		}
	}
}

func TestRemovedKeysGiveTheirMemoryBack(t *testing.T) {
	const n = 50_000
	x := loaded(t)
	before := heap()
	var added, removed []verify.Effect
	for i := range n {
		k := adminKey(scattered(4, i))
		k.ID = keyID(i)
		added = append(added, k)
		removed = append(removed, verify.KeyRemoved{Digest: k.Digest})
	}
	apply(t, x, added...)
	apply(t, x, removed...)
	clear(added)
	clear(removed)
	after := heap()
	runtime.KeepAlive(x)
	if kept := int64(after) - int64(before); kept > 500_000 {
		t.Errorf("%d bytes are kept after %d keys came and went", kept, n)
	}
}
