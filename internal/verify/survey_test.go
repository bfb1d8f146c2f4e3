package verify_test

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

func TestSurveyNamesWhatIsWorthALook(t *testing.T) {
	t.Parallel()
	// now is 10 000 s.
	const now = 10_000
	add := func(n byte, id string, expires, used int64, owner, project string) verify.Effect {
		return verify.KeyAdded{
			ID: id, Digest: token.Digest{n}, Kind: token.KindProject, OwnerType: verify.OwnerUser, OwnerID: owner,
			ProjectID: project, ExpiresAt: expires, LastUsed: used,
		}
	}
	const early, later = "key_000000F8900000000000000000", "key_000000YGJ00000000000000000" // 500 s and 1 000 s
	x := verify.NewIndex()
	err := x.Load(func(give func(verify.Effect) error) (int64, error) {
		for _, e := range []verify.Effect{
			verify.OwnerChanged{Type: verify.OwnerUser, ID: "user_a", Role: "owner"},
			verify.OwnerChanged{Type: verify.OwnerUser, ID: "user_gone", Removed: true},
			verify.ProjectChanged{ID: "proj_a"}, verify.ProjectChanged{ID: "proj_old", Archived: true},
			add(1, later, 0, 0, "user_a", "proj_a"),              // never used
			add(2, early, 0, 0, "user_a", "proj_a"),              // the same, older
			add(3, later, 0, 2_000, "user_a", "proj_a"),          // long unused
			add(4, later, now+50, now-10, "user_a", "proj_a"),    // ends soon
			add(5, early, now+20, now-10, "user_a", "proj_a"),    // sooner
			add(6, later, now+5_000, now-10, "user_a", "proj_a"), // nothing to say
			add(7, later, now, 0, "user_a", "proj_a"),            // over
			add(8, later, 0, 0, "user_gone", "proj_a"),           // over with its owner
			add(9, later, 0, 0, "user_a", "proj_old"),            // over with its project
		} {
			if err := give(e); err != nil {
				return 0, err
			}
		}
		return 1, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, ok := x.Survey(now, verify.SurveyTerms{Soon: 100, Long: 1_000, Named: 1})
	want := verify.Survey{
		Expiring:  verify.Notable{Count: 2, First: []verify.NotableKey{{ID: early, At: now + 20}}},
		NeverUsed: verify.Notable{Count: 2, First: []verify.NotableKey{{ID: early, At: 500}}},
		Unused:    verify.Notable{Count: 1, First: []verify.NotableKey{{ID: later, At: 2_000}}},
	}
	want.Keys[token.KindProject] = 6
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("%v (-want +got):\n%s", ok, diff)
	}
	if _, ok := verify.NewIndex().Survey(now, verify.SurveyTerms{}); ok {
		t.Error("a survey of nothing that is loaded")
	}
}

func BenchmarkSurvey(b *testing.B) {
	const keys = 1_000_000
	x := verify.NewIndex()
	err := x.Load(func(give func(verify.Effect) error) (int64, error) {
		for i := range uint32(keys) {
			var digest token.Digest
			binary.LittleEndian.PutUint32(digest[8:], i*2_654_435_761)
			digest[0], digest[12] = byte(i), byte(i>>8)
			err := give(verify.KeyAdded{ID: "key_000000YGJ00000000000000000", Digest: digest, Kind: token.KindProject, OwnerType: verify.OwnerUser, OwnerID: "user_a"})
			if err != nil {
				return 0, err
			}
		}
		return 1, nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if s, ok := x.Survey(10_000, verify.SurveyTerms{Soon: 100, Long: 1_000, Named: 5}); !ok || s.NeverUsed.Count != keys {
			b.Fatal(s.NeverUsed.Count)
		}
	}
}
