package main

import (
	"os"
	"slices"
	"testing"

	"github.com/keyreeve/keyreeve/internal/token"
)

func TestATenthOfThePresentedKeysIsJunk(t *testing.T) {
	t.Parallel()
	b := &bench{dir: t.TempDir()}
	p, err := b.mint(9000)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(p.mixed.name)
	if err != nil {
		t.Fatal(err)
	}
	var good, unknown, malformed int
	for key := range slices.Chunk(text, p.width) {
		_, ok := token.Parse(string(key))
		switch {
		case !ok:
			malformed++
		case slices.Contains(p.digests, token.Sum(string(key))):
			good++
		default:
			unknown++
		}
	}
	if good != 900 || unknown != 50 || malformed != 50 {
		t.Errorf("%d good, %d unknown and %d malformed keys, want 900, 50 and 50", good, unknown, malformed)
	}
}

func TestProcessorTimeGrows(t *testing.T) {
	t.Parallel()
	before, err := processorTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		after, err := processorTime(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if after >= before+2*tick {
			return
		}
		if n == 1_000_000 {
			t.Fatalf("still %s after a million calls", after)
		}
	}
}
