package verify_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// model is what an index should be, in plain maps.
type model struct {
	keys     map[token.Digest]verify.KeyAdded
	removed  map[string]bool
	archived map[string]bool
	used     map[token.Digest]int64
	stored   map[string]int64 // uses of each key id that must reach storage
}

func (m *model) decide(d token.Digest, now int64) verify.Outcome {
	k, ok := m.keys[d]
	switch {
	case !ok:
		return verify.Unknown
	case m.removed[k.OwnerID]:
		return verify.Revoked
	case m.archived[k.ProjectID]:
		return verify.ProjectArchived
	case k.ExpiresAt != 0 && now >= k.ExpiresAt:
		return verify.Expired
	}
	if last, ok := m.used[d]; !ok || now >= last+60 {
		m.used[d] = max(now, created)
		m.stored[k.ID] = m.used[d]
	}
	return verify.Allowed
}

// drop ends keys, as a cascade does.
func (m *model) drop(ended func(verify.KeyAdded) bool) {
	for d, k := range m.keys {
		if ended(k) {
			delete(m.keys, d)
			delete(m.used, d)
		}
	}
}

// crowded returns the i-th of many digests that share segments, homes and tags,
// so that walks are long and meet at the ends of the table.
func crowded(i int) (d token.Digest) {
	d[0] = byte(i % 2)
	binary.LittleEndian.PutUint64(d[8:], []uint64{0, 1 << 62, 1<<64 - 1}[i%3])
	d[16] = byte(i % 5)
	binary.LittleEndian.PutUint32(d[20:], uint32(i))
	return d
}

func TestIndexAgreesWithAModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x := verify.NewIndex()
		if err := x.Load(snapshot(0)); err != nil {
			t.Fatal(err)
		}
		m := model{
			keys: map[token.Digest]verify.KeyAdded{}, used: map[token.Digest]int64{},
			removed: map[string]bool{}, archived: map[string]bool{}, stored: map[string]int64{},
		}
		storage := map[string]int64{}
		write := func(room int) {
			for _, u := range x.DrainUses(make([]verify.Use, 0, room)) {
				storage[u.KeyID] = max(storage[u.KeyID], u.At)
			}
		}
		now := int64(created)
		unswept := false // an owner was removed since the last sweep
		owner := rapid.SampledFrom([]string{"user_1", "user_2", "user_3"})
		project := rapid.SampledFrom([]string{"", "proj_1", "proj_2"})
		nth := rapid.IntRange(0, 199)
		do := func(effects ...verify.Effect) {
			if err := x.Apply(x.Revision()+1, effects); err != nil {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				var effects []verify.Effect
				from := nth.Draw(t, "from")
				for i := from; i < from+rapid.IntRange(1, 40).Draw(t, "count"); i++ {
					k := verify.KeyAdded{
						ID: fmt.Sprintf("%s%016d", testKey[:14], i), Digest: crowded(i), Kind: token.KindProject,
						OwnerType: verify.OwnerUser, OwnerID: owner.Draw(t, "owner"), ProjectID: project.Draw(t, "project"),
					}
					if rapid.Bool().Draw(t, "expires") {
						k.ExpiresAt = now + rapid.Int64Range(-100, 1000).Draw(t, "in")
					}
					effects = append(effects, k)
					m.keys[k.Digest] = k
				}
				do(effects...)
			},
			"remove": func(t *rapid.T) {
				var effects []verify.Effect
				from := nth.Draw(t, "from")
				for i := from; i < from+rapid.IntRange(1, 60).Draw(t, "count"); i++ {
					effects = append(effects, verify.KeyRemoved{Digest: crowded(i)})
					delete(m.keys, crowded(i))
					delete(m.used, crowded(i))
				}
				do(effects...)
			},
			"remove of an owner in a project": func(t *rapid.T) {
				id, in := owner.Draw(t, "id"), project.Filter(func(s string) bool { return s != "" }).Draw(t, "project")
				do(verify.KeysRemoved{OwnerType: verify.OwnerUser, OwnerID: id, ProjectID: in})
				m.drop(func(k verify.KeyAdded) bool { return k.OwnerID == id && k.ProjectID == in })
			},
			"sweep": func(*rapid.T) {
				x.Sweep()
				if unswept {
					m.drop(func(k verify.KeyAdded) bool { return m.removed[k.OwnerID] })
				}
				unswept = false
			},
			"owner": func(t *rapid.T) {
				id, removed := owner.Draw(t, "id"), rapid.Bool().Draw(t, "removed")
				do(verify.OwnerChanged{Type: verify.OwnerUser, ID: id, Removed: removed})
				m.removed[id] = removed
				unswept = unswept || removed
			},
			"project": func(t *rapid.T) {
				id, archived := project.Filter(func(s string) bool { return s != "" }).Draw(t, "id"), rapid.Bool().Draw(t, "archived")
				do(verify.ProjectChanged{ID: id, Archived: archived})
				m.archived[id] = archived
			},
			"reload": func(t *rapid.T) {
				var effects []verify.Effect
				for _, k := range m.keys {
					effects = append(effects, k)
				}
				for id, removed := range m.removed {
					effects = append(effects, verify.OwnerChanged{Type: verify.OwnerUser, ID: id, Removed: removed})
				}
				unswept = slices.Contains(slices.Collect(maps.Values(m.removed)), true)
				for id, archived := range m.archived {
					effects = append(effects, verify.ProjectChanged{ID: id, Archived: archived})
				}
				if err := x.Load(snapshot(x.Revision(), effects...)); err != nil {
					t.Fatal(err)
				}
			},
			"write": func(t *rapid.T) { write(rapid.IntRange(0, 10).Draw(t, "room")) },
			"wait":  func(t *rapid.T) { now += rapid.Int64Range(1, 200).Draw(t, "seconds") },
			"decide": func(t *rapid.T) {
				d := crowded(nth.Draw(t, "key"))
				if got, want := x.DecideDigest(&d, now).Outcome, m.decide(d, now); got != want {
					t.Fatalf("%v, want %v", got, want)
				}
			},
			"decide all": func(*rapid.T) {
				for d := range m.keys {
					if got, want := x.DecideDigest(&d, now).Outcome, m.decide(d, now); got != want {
						t.Fatalf("%v, want %v", got, want)
					}
				}
			},
			"": func(t *rapid.T) {
				if x.Len() != len(m.keys) {
					t.Fatalf("%d keys, want %d", x.Len(), len(m.keys))
				}
				for i := range 240 {
					at, ok := x.LastUsed(crowded(i))
					if want, wantOK := m.used[crowded(i)]; at != want || ok != wantOK {
						t.Fatalf("key %d last used %d, %v; want %d, %v", i, at, ok, want, wantOK)
					}
				}
			},
		})
		for i := range 240 {
			d := crowded(i)
			if got, want := x.DecideDigest(&d, now).Outcome, m.decide(d, now); got != want {
				t.Fatalf("key %d: %v, want %v", i, got, want)
			}
		}
		write(10_000)
		if diff := cmp.Diff(m.stored, storage); diff != "" {
			t.Fatalf("uses that reached storage (-want +got):\n%s", diff)
		}
	})
}
