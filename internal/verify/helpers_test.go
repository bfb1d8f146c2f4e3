package verify_test

import (
	"crypto/rand"
	"testing"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

const (
	testKey = "key_01JZNNCW005Q4D5SJ6VQZ8KX2T"
	created = 1_752_000_000 // the Unix second in testKey
)

func mint(tb testing.TB, kind token.Kind) (string, token.Digest) {
	tb.Helper()
	secret, err := token.Mint(kind, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return secret.Reveal(), secret.Digest()
}

// loaded returns an index at revision 0 with effects loaded.
func loaded(tb testing.TB, effects ...verify.Effect) *verify.Index {
	tb.Helper()
	x := verify.NewIndex()
	load(tb, x, 0, effects...)
	return x
}

func load(tb testing.TB, x *verify.Index, revision int64, effects ...verify.Effect) {
	tb.Helper()
	if err := x.Load(snapshot(revision, effects...)); err != nil {
		tb.Fatal(err)
	}
}

func snapshot(revision int64, effects ...verify.Effect) func(func(verify.Effect) error) (int64, error) {
	return func(add func(verify.Effect) error) (int64, error) {
		for _, e := range effects {
			if err := add(e); err != nil {
				return 0, err
			}
		}
		return revision, nil
	}
}

// apply applies effects as the next revision.
func apply(tb testing.TB, x *verify.Index, effects ...verify.Effect) {
	tb.Helper()
	if err := x.Apply(x.Revision()+1, effects); err != nil {
		tb.Fatal(err)
	}
}

// adminKey is a key of user_1 with the id testKey, for tests to change.
func adminKey(digest token.Digest) verify.KeyAdded {
	return verify.KeyAdded{
		ID: testKey, Digest: digest, Kind: token.KindAdmin,
		OwnerType: verify.OwnerUser, OwnerID: "user_1",
	}
}
