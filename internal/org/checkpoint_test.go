package org_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyreeve/keyreeve/internal/org"
)

// A sum is of a set: neither the order matters nor what was taken away again.
func TestStateSumIsOfTheSet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfNDistinct(rapid.SliceOfN(rapid.Byte(), 0, 40), 0, 12, func(b []byte) string { return string(b) }).Draw(t, "texts")
		gone := rapid.IntRange(0, len(texts)).Draw(t, "gone")
		var once, mixed org.StateSum
		for _, text := range texts[gone:] {
			once.Add(text)
		}
		order := rapid.Permutation(texts).Draw(t, "order")
		for _, text := range order {
			mixed.Add(text)
		}
		for _, text := range texts[:gone] {
			mixed.Remove(text)
		}
		if once != mixed {
			t.Fatal("the sums differ")
		}
		if parsed, err := org.ParseStateSum(mixed.Bytes()); err != nil || parsed != mixed {
			t.Fatalf("read back another sum: %v", err)
		}
		if i := slices.IndexFunc(texts[gone:], func([]byte) bool { return true }); i >= 0 {
			mixed.Remove(texts[gone+i])
			if mixed == once {
				t.Fatal("an element does not count")
			}
		}
	})
	if _, err := org.ParseStateSum(make([]byte, 7)); err == nil {
		t.Error("7 bytes are a sum")
	}
}
