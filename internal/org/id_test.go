package org_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"

	"github.com/keyreeve/keyreeve/internal/org"
)

// clockReading is what a clock may say: anything, mostly near the last one.
func clockReading(last ulid.ULID) *rapid.Generator[uint64] {
	at := last.Time()
	return rapid.OneOf(
		rapid.Uint64Range(0, ulid.MaxTime()),
		rapid.Uint64Range(at-min(at, 3), min(at+3, ulid.MaxTime())),
	)
}

func TestIDsIncreaseWhateverTheClockDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var last ulid.ULID
		for range rapid.IntRange(1, 50).Draw(t, "ids") {
			now := clockReading(last).Draw(t, "now")
			random := bytes.NewReader(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 0x7f, 0x80, 0xff}), 10, 10).Draw(t, "random"))
			next, err := org.NextULID(last, now, random)
			if err != nil {
				t.Fatal(err)
			}
			if next.Compare(last) <= 0 {
				t.Fatalf("%s follows %s", next, last)
			}
			if want := max(now, last.Time()); next.Time() != want {
				t.Fatalf("time %d, want %d", next.Time(), want)
			}
			// The text is what databases sort by.
			if next.String() <= last.String() {
				t.Fatalf("%s sorts before %s", next, last)
			}
			last = next
		}
	})
}

// TestReplicasThatContinueFromOneHeadDoNotMeet: two writers that both begin
// from the same head, as before and after a failover, draw different ids.
func TestReplicasThatContinueFromOneHeadDoNotMeet(t *testing.T) {
	t.Parallel()
	head, err := org.NextULID(ulid.ULID{}, 1_800_000_000_000, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, now := range []uint64{head.Time() + 1, head.Time() + 1_000_000} {
		seen := make(map[ulid.ULID]bool)
		for range 100 { // replicas
			last := head
			for range 100 {
				if last, err = org.NextULID(last, now, rand.Reader); err != nil {
					t.Fatal(err)
				}
				if seen[last] {
					t.Fatalf("%s was minted twice", last)
				}
				seen[last] = true
			}
		}
	}
}

func TestNoIDWithoutRandomnessOrTime(t *testing.T) {
	t.Parallel()
	errDry := errors.New("dry")
	for _, now := range []uint64{0, 5} {
		if _, err := org.NextULID(ulid.ULID{}, now, iotest.ErrReader(errDry)); !errors.Is(err, errDry) {
			t.Errorf("clock %d: %v", now, err)
		}
		if _, err := org.NextULID(ulid.ULID{}, now, strings.NewReader("abc")); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("clock %d, three bytes: %v", now, err)
		}
	}
	if _, err := org.NextULID(ulid.ULID{}, ulid.MaxTime()+1, rand.Reader); err == nil {
		t.Error("a clock beyond 48 bits was accepted")
	}
}

func TestOnlyTheCanonicalFormIsAnID(t *testing.T) {
	t.Parallel()
	const good = "key_01JQ8ZK3T5V9W2X4Y6A8B0C1D2"
	if u, ok := org.ParseID(org.PrefixKey, good); !ok || org.PrefixKey+u.String() != good {
		t.Fatalf("ParseID(%s) = %v, %t", good, u, ok)
	}
	for _, bad := range []string{
		"", "key_", "01JQ8ZK3T5V9W2X4Y6A8B0C1D2", strings.ToLower(good), "KEY_01JQ8ZK3T5V9W2X4Y6A8B0C1D2",
		good + "0", good[:len(good)-1], good + " ", " " + good, good + "\n", "user_" + good[4:], "key_key_" + good[4:],
		"key_81JQ8ZK3T5V9W2X4Y6A8B0C1D2", // more than 128 bits
		"key_O1JQ8ZK3T5V9W2X4Y6A8B0C1D2", // O and I read as 0 and 1 elsewhere
		"key_I1JQ8ZK3T5V9W2X4Y6A8B0C1D2", "key_U1JQ8ZK3T5V9W2X4Y6A8B0C1D2", "key_-1JQ8ZK3T5V9W2X4Y6A8B0C1D2",
		"key_01JQ8ZK3T5V9W2X4Y6A8B0C1Dé",
	} {
		if u, ok := org.ParseID(org.PrefixKey, bad); ok {
			t.Errorf("ParseID(%q) = %s", bad, u)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := org.PrefixKey + rapid.StringMatching(`[0-9A-Za-z]{26}`).Draw(t, "text")
		if u, ok := org.ParseID(org.PrefixKey, text); ok && org.PrefixKey+u.String() != text {
			t.Fatalf("%s is read as %s", text, u)
		}
	})
}
