package verify_test

import "testing"

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
