package console

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// TestHTMXIsTheReleasedFile compares it with dist/htmx.min.js of htmx.org 4.0.1
// on the npm registry.
func TestHTMXIsTheReleasedFile(t *testing.T) {
	t.Parallel()
	text, err := assetFiles.ReadFile("assets/htmx.min.js")
	if err != nil {
		t.Fatal(err)
	}
	const want = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
	digest := sha256.Sum256(text)
	if got := hex.EncodeToString(digest[:]); got != want {
		t.Errorf("SHA-256 %s, want %s", got, want)
	}
}

// TestPagesWeighLittle leaves the rest of 100 KB for the page itself.
func TestPagesWeighLittle(t *testing.T) {
	t.Parallel()
	const limit = 60_000
	weight := 0
	for _, file := range loadAssets().byPath {
		weight += len(file.plain)
	}
	if weight > limit {
		t.Errorf("the assets have %d bytes uncompressed, more than %d", weight, limit)
	}
}
