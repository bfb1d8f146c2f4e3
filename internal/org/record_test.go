package org_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyreeve/keyreeve/internal/org"
)

func drawEffect(t *rapid.T) org.Effect {
	digest := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest"))
	text := rapid.String()
	switch rapid.IntRange(1, 6).Draw(t, "effect") {
	case 1:
		return org.KeyAdded{
			ID: text.Draw(t, "id"), Kind: org.KeyKind(rapid.IntRange(0, 9).Draw(t, "kind")), Digest: digest,
			OwnerType: org.OwnerType(text.Draw(t, "owner type")), OwnerID: text.Draw(t, "owner"),
			ProjectID: text.Draw(t, "project"), ExpiresAt: rapid.Int64().Draw(t, "expires"),
		}
	case 2:
		return org.KeyRemoved{Digest: digest}
	case 3:
		return org.OwnerSet{
			Type: org.OwnerType(text.Draw(t, "type")), ID: text.Draw(t, "id"),
			Role: org.Role(text.Draw(t, "role")), Removed: rapid.Bool().Draw(t, "removed"),
		}
	case 4:
		return org.KeysRemoved{
			OwnerType: org.OwnerType(text.Draw(t, "owner type")), OwnerID: text.Draw(t, "owner"), ProjectID: text.Draw(t, "project"),
		}
	case 5:
		return org.LimitSet{
			ProjectID: text.Draw(t, "project"), Model: text.Draw(t, "model"),
			RequestsPerMinute: rapid.Int64().Draw(t, "a minute"), RequestsPerDay: rapid.Int64().Draw(t, "a day"),
		}
	default:
		return org.ProjectSet{ID: text.Draw(t, "id"), Archived: rapid.Bool().Draw(t, "archived")}
	}
}

func TestRecordsAreReadAsTheyWereSealed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		e := org.Event{
			Type: org.EventType(text.Draw(t, "type")), Resource: text.Draw(t, "resource"), ProjectID: text.Draw(t, "project"),
			Actor: org.Actor{
				Type: org.ActorType(text.Draw(t, "actor")), KeyID: text.Draw(t, "key"), OwnerID: text.Draw(t, "owner"),
				Email: text.Draw(t, "email"), Origin: org.Origin{IP: text.Draw(t, "ip"), UserAgent: text.Draw(t, "agent")},
			},
			Data: map[string]any{text.Draw(t, "name"): text.Draw(t, "value")},
		}
		for range rapid.IntRange(0, 3).Draw(t, "effects") {
			e.Effects = append(e.Effects, drawEffect(t))
		}
		head := org.Head{Revision: rapid.Int64Range(0, 1<<40).Draw(t, "revision")}
		want, next, err := org.Seal(head, e, text.Draw(t, "id"), rapid.Int64().Draw(t, "at"))
		if err != nil {
			t.Fatal(err)
		}
		if next.Revision != head.Revision+1 || next.Hash != org.ChainHash(head.Hash, want.Record) || next.Hash != want.Hash {
			t.Fatalf("head %v after %v", next, head)
		}
		got, err := org.DecodeRecord(want.Record)
		if err != nil {
			t.Fatal(err)
		}
		got.Hash = want.Hash
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-sealed +decoded):\n%s", diff)
		}
	})
}

// TestRecordIsFixed: stored records are hashed as they are, and other versions
// read them, so their form must not change.
func TestRecordIsFixed(t *testing.T) {
	t.Parallel()
	stored, next, err := org.Seal(org.Head{Revision: 41}, org.Event{
		Type: org.EventAPIKeyCreated, Resource: "key_x", ProjectID: "proj_x",
		Actor: org.Actor{
			Type: org.ActorAPIKey, KeyID: "key_a", OwnerType: org.OwnerUser, OwnerID: "user_a", Email: "a@example.com",
			Origin: org.Origin{IP: "192.0.2.1", UserAgent: "curl\x00/8 \xff é <&>"},
		},
		Data: map[string]any{"z": 1, "a": []string{"b"}},
		Effects: []org.Effect{
			org.KeyAdded{ID: "key_x", Kind: org.KindAdmin, Digest: [32]byte{0xab}, OwnerType: org.OwnerUser, OwnerID: "user_a", ExpiresAt: 5},
			org.KeyRemoved{Digest: [32]byte{0xcd}},
			org.OwnerSet{Type: org.OwnerUser, ID: "user_a", Role: org.RoleOwner, Removed: true},
			org.ProjectSet{ID: "proj_x", Archived: true},
			org.KeysRemoved{OwnerType: org.OwnerUser, OwnerID: "user_a", ProjectID: "proj_x"},
			org.LimitSet{ProjectID: "proj_x", Model: "m", RequestsPerMinute: 0, RequestsPerDay: org.DefaultLimit},
		},
	}, "event_x", 1_800_000_000)
	if err != nil {
		t.Fatal(err)
	}
	zeros := strings.Repeat("0", 62)
	want := `{"revision":42,"id":"event_x","type":"api_key.created","at":1800000000,` +
		`"actor":{"type":"api_key","key_id":"key_a","owner_type":"user","owner_id":"user_a","email":"a@example.com",` +
		`"ip":"192.0.2.1","user_agent":"curl\u0000/8 ` + "\ufffd" + ` é <&>"},"resource":"key_x","project":"proj_x",` +
		`"data":{"a":["b"],"z":1},"effects":[` +
		`{"key_added":{"id":"key_x","kind":1,"digest":"ab` + zeros + `","owner_type":"user","owner_id":"user_a","expires_at":5}},` +
		`{"key_removed":{"digest":"cd` + zeros + `"}},` +
		`{"owner_set":{"type":"user","id":"user_a","role":"owner","removed":true}},` +
		`{"project_set":{"id":"proj_x","archived":true}},` +
		`{"keys_removed":{"owner_type":"user","owner_id":"user_a","project_id":"proj_x"}},` +
		`{"limit_set":{"project_id":"proj_x","model":"m","requests_per_minute":0,"requests_per_day":-1}}]}`
	if diff := cmp.Diff(want, string(stored.Record)); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	const head = "42:ac4d9bc62214b9e7913689627896209e072780efae67badcd372c43f4eb951f5"
	if got := next.String(); got != head {
		t.Errorf("head %s, want %s", got, head)
	}
}

func TestDecodeRecordRefuses(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("ab", 32)
	for name, text := range map[string]string{
		"nothing":                 ``,
		"no object":               `[]`,
		"trailing data":           `{} {}`,
		"a member twice":          `{"id":"a","id":"b"}`,
		"text for a number":       `{"revision":"1"}`,
		"bad UTF-8":               "{\"id\":\"\xff\"}",
		"an empty effect":         `{"effects":[{}]}`,
		"an effect of tomorrow":   `{"effects":[{"group_set":{"id":"x"}}]}`,
		"two effects in one":      `{"effects":[{"key_removed":{"digest":"` + digest + `"},"project_set":{"id":"x"}}]}`,
		"null for an effect":      `{"effects":[null]}`,
		"a short digest":          `{"effects":[{"key_removed":{"digest":"ab"}}]}`,
		"a long digest":           `{"effects":[{"key_removed":{"digest":"` + digest + `ab"}}]}`,
		"a digest of other signs": `{"effects":[{"key_removed":{"digest":"` + digest[:62] + `zz"}}]}`,
		"no digest":               `{"effects":[{"key_added":{"id":"x"}}]}`,
	} {
		if got, err := org.DecodeRecord([]byte(text)); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
	// What a later version adds to a record does not stop this one.
	if _, err := org.DecodeRecord([]byte(`{"revision":1,"id":"event_x","region":"eu"}`)); err != nil {
		t.Errorf("an unknown member: %v", err)
	}
}

// FuzzDecodeRecord: no text makes it panic, and what it reads it reads the
// same way again after sealing.
func FuzzDecodeRecord(f *testing.F) {
	digest := strings.Repeat("ab", 32)
	for _, seed := range []string{
		``, `{}`, `null`, `{"revision":1,"id":"event_x","type":"api_key.created","at":5,"actor":{"type":"host"}}`,
		`{"effects":[{"key_added":{"id":"x","kind":1,"digest":"` + digest + `","owner_type":"user","owner_id":"u"}}]}`,
		`{"effects":[{"key_removed":{"digest":"` + digest + `"}},{"owner_set":{}},{"project_set":{"id":"\u0000"}}]}`,
		`{"data":{"a":[1,2.5,null,{"b":true}]}}`, `{"effects":[{}]}`, `{"at":1e400}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := org.DecodeRecord(text)
		if err != nil {
			return
		}
		again, _, err := org.Seal(org.Head{Revision: read.Revision - 1}, org.Event{
			Type: read.Type, Actor: org.Actor{Type: org.ActorHost, OwnerID: read.ActorID},
			Resource: read.Resource, ProjectID: read.ProjectID, Effects: read.Effects,
		}, read.ID, read.At)
		if err != nil {
			t.Fatal(err)
		}
		reread, err := org.DecodeRecord(again.Record)
		if err != nil {
			t.Fatalf("%s: %v", again.Record, err)
		}
		reread.Record, read.Record = nil, nil
		if diff := cmp.Diff(read, reread); diff != "" {
			t.Errorf("(-first +again):\n%s", diff)
		}
	})
}
