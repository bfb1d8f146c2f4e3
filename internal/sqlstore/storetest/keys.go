package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

var keyTests = map[string]func(*testing.T, Open){
	"CreatedKeyIsReadBack":        createdKeyIsReadBack,
	"NamesAreChecked":             namesAreChecked,
	"LifetimesAreChecked":         lifetimesAreChecked,
	"UnknownKeyIsNotFound":        unknownKeyIsNotFound,
	"DeletedKeyIsGone":            deletedKeyIsGone,
	"KeyThatEndedChangesNothing":  keyThatEndedChangesNothing,
	"LastUsableAdminKeyIsKept":    lastUsableAdminKeyIsKept,
	"ReadersMayOnlyRead":          readersMayOnlyRead,
	"PagesMirrorInBothOrders":     pagesMirrorInBothOrders,
	"CursorOfADeletedKeyResumes":  cursorOfADeletedKeyResumes,
	"ListBoundsAreChecked":        listBoundsAreChecked,
	"IDsAreComparedAsBytes":       idsAreComparedAsBytes,
	"KeyOfARemovedOwnerIsNotMade": keyOfARemovedOwnerIsNotMade,
}

func createdKeyIsReadBack(t *testing.T, open Open) {
	w := newWorld(t, open)
	lifetime := int64(60)
	for _, in := range []org.NewAdminAPIKey{{Name: "for ever"}, {Name: "for a minute", ExpiresInSeconds: &lifetime}} {
		key, secret, commit, err := w.svc.CreateAdminAPIKey(t.Context(), w.owner, in)
		if err != nil {
			t.Fatal(err)
		}
		want := org.AdminAPIKey{
			ID: key.ID, Name: in.Name, Redacted: secret.Redacted(), Digest: secret.Digest(),
			CreatedAt: w.clock.Now().Unix(), Owner: w.first.Owner,
		}
		if in.ExpiresInSeconds != nil {
			want.ExpiresAt = want.CreatedAt + lifetime
		}
		if diff := cmp.Diff(want, key); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		got, err := w.svc.GetAdminAPIKey(t.Context(), w.owner, key.ID)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("read: %v (-want +got):\n%s", err, diff)
		}
		if head, err := w.Head(t.Context()); err != nil || head.Revision != commit.Revision {
			t.Errorf("head %d, %v, want %d", head.Revision, err, commit.Revision)
		}
	}
}

func namesAreChecked(t *testing.T, open Open) {
	w := newWorld(t, open)
	for name, tt := range map[string]struct {
		name string
		code string // empty: accepted, and kept as given
	}{
		"plain":                   {"x", ""},
		"spaces at the ends":      {"  x ", ""},
		"256 characters":          {strings.Repeat("x", 256), ""},
		"256 and spaces":          {" " + strings.Repeat("x", 256) + " ", ""},
		"256 beyond the BMP":      {strings.Repeat("🔑", 256), ""},
		"combining characters":    {"e\u0301", ""},
		"written from the right":  {"\u05de\u05e4\u05ea\u05d7 \u200f\u0645\u0641\u062a\u0627\u062d", ""},
		"turned around":           {"\u202eevil", "invalid_value"},
		"embedded":                {"a\u202ab", "invalid_value"},
		"isolated":                {"a\u2066b\u2069", "invalid_value"},
		"quotes and placeholders": {`'"; DROP TABLE users; -- $1 ? %s \`, ""},
		"257 characters":          {strings.Repeat("x", 257), "string_above_max_length"},
		"257 beyond the BMP":      {strings.Repeat("🔑", 257), "string_above_max_length"},
		"empty":                   {"", "empty_string"},
		"white space":             {" \u00a0\u3000 ", "empty_string"},
		"NUL":                     {"a\x00b", "invalid_value"},
		"control character":       {"a\x1bb", "invalid_value"},
		"control at the end":      {"a\n", "invalid_value"},
		"C1 control":              {"a\u0085b", "invalid_value"},
		"not UTF-8":               {"a\xffb", "invalid_value"},
	} {
		t.Run(name, func(t *testing.T) {
			key, _, _, err := w.svc.CreateAdminAPIKey(t.Context(), w.owner, org.NewAdminAPIKey{Name: tt.name})
			if tt.code != "" {
				if r := refusal(t, err); r.Kind != org.Invalid || r.Code != tt.code || r.Param != "name" {
					t.Errorf("refusal %+v, want code %s", r, tt.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, _, err := w.AdminAPIKey(t.Context(), key.ID); err != nil || got.Name != tt.name {
				t.Errorf("read back %q, %v", got.Name, err)
			}
		})
	}
	events(t, w)
}

func lifetimesAreChecked(t *testing.T, open Open) {
	w := newWorld(t, open)
	for _, tt := range []struct {
		seconds int64
		code    string
	}{
		{1, ""},
		{31_536_000, ""},
		{0, "integer_below_min_value"},
		{-1, "integer_below_min_value"},
		{31_536_001, "integer_above_max_value"},
	} {
		_, _, _, err := w.svc.CreateAdminAPIKey(t.Context(), w.owner, org.NewAdminAPIKey{Name: "x", ExpiresInSeconds: &tt.seconds})
		switch {
		case tt.code == "" && err != nil:
			t.Errorf("%d seconds: %v", tt.seconds, err)
		case tt.code != "":
			if r := refusal(t, err); r.Code != tt.code || r.Param != "expires_in_seconds" {
				t.Errorf("%d seconds: refusal %+v, want code %s", tt.seconds, r, tt.code)
			}
		}
	}
}

// strangeIDs are none of a key that exists.
func (w *world) strangeIDs() []string {
	return []string{
		"", "key_", "x", "key_01JQ8ZK3T5V9W2X4Y6A8B0C1D2", w.first.Owner.ID,
		strings.ToLower(w.first.ID), w.first.ID + " ", " " + w.first.ID, w.first.ID + "\x00", "key_\xff",
		strings.Repeat("key_", 10_000), "' OR 1=1 --",
	}
}

func unknownKeyIsNotFound(t *testing.T, open Open) {
	w := newWorld(t, open)
	w.create(t, "another", 0)
	for _, id := range w.strangeIDs() {
		_, err := w.svc.GetAdminAPIKey(t.Context(), w.owner, id)
		if r := refusal(t, err); r.Kind != org.NotFound || len(r.Message) > 500 {
			t.Errorf("get %q: %+v", id, r)
		}
		_, err = w.svc.DeleteAdminAPIKey(t.Context(), w.owner, id)
		if r := refusal(t, err); r.Kind != org.NotFound {
			t.Errorf("delete %q: %+v", id, r)
		}
	}
	if got := w.ids(t, org.Page{Limit: 100}); len(got) != 2 {
		t.Errorf("keys left: %v", got)
	}
}

func deletedKeyIsGone(t *testing.T, open Open) {
	w := newWorld(t, open)
	key := w.create(t, "short", 0)
	if err := w.RecordUses(t.Context(), []org.Use{{KeyID: key.ID, At: 5}}); err != nil {
		t.Fatal(err)
	}
	w.remove(t, key.ID)
	_, err := w.svc.GetAdminAPIKey(t.Context(), w.owner, key.ID)
	if r := refusal(t, err); r.Kind != org.NotFound {
		t.Errorf("get: %+v", r)
	}
	_, err = w.svc.DeleteAdminAPIKey(t.Context(), w.owner, key.ID)
	if r := refusal(t, err); r.Kind != org.NotFound {
		t.Errorf("delete again: %+v", r)
	}
	if diff := cmp.Diff([]string{w.first.ID}, w.ids(t, org.Page{Limit: 100})); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func lastUsableAdminKeyIsKept(t *testing.T, open Open) {
	w := newWorld(t, open)
	kept := func(id string) {
		t.Helper()
		_, err := w.svc.DeleteAdminAPIKey(t.Context(), w.owner, id)
		if r := refusal(t, err); r.Kind != org.Invalid || r.Code != "last_admin_api_key" {
			t.Errorf("refusal %+v", r)
		}
	}
	kept(w.first.ID)
	short := w.create(t, "short", 10)
	w.clock.advance(9 * time.Second)
	w.remove(t, w.first.ID) // short is usable for a second more
	w.owner.KeyID = short.ID
	kept(short.ID)
	w.clock.advance(time.Second) // and now none is
	other := w.recover(t)
	w.owner.KeyID = other.ID
	kept(other.ID) // only an expired one would be left
	w.remove(t, short.ID)
	kept(other.ID)

	// Nor does a key of somebody who may only read count.
	if _, err := w.Update(t.Context(), func(tx org.Tx) error {
		if err := tx.InsertUser(org.User{ID: "user_reader", Role: org.RoleReader}); err != nil {
			return err
		}
		tx.Emit(org.Event{Type: org.EventUserAdded})
		return tx.InsertKey(org.Key{ID: "key_reader", Kind: org.KindAdmin, OwnerType: org.OwnerUser, OwnerID: "user_reader"})
	}); err != nil {
		t.Fatal(err)
	}
	kept(other.ID)
}

// A request that was let in before its key ended changes nothing after.
func keyThatEndedChangesNothing(t *testing.T, open Open) {
	w := newWorld(t, open)
	for name, end := range map[string]func(org.AdminAPIKey){
		"revoked": func(key org.AdminAPIKey) { w.remove(t, key.ID) },
		"expired": func(org.AdminAPIKey) { w.clock.advance(time.Minute) },
	} {
		key, victim := w.create(t, name, 60), w.create(t, "victim", 0)
		caller := w.owner
		caller.KeyID = key.ID
		end(key)
		_, _, _, err := w.svc.CreateAdminAPIKey(t.Context(), caller, org.NewAdminAPIKey{Name: "of an ended key"})
		if r := refusal(t, err); r.Kind != org.Unauthenticated {
			t.Errorf("%s key creates: %+v", name, r)
		}
		_, err = w.svc.DeleteAdminAPIKey(t.Context(), caller, victim.ID)
		if r := refusal(t, err); r.Kind != org.Unauthenticated {
			t.Errorf("%s key deletes: %+v", name, r)
		}
		if _, err := w.svc.GetAdminAPIKey(t.Context(), w.owner, victim.ID); err != nil {
			t.Errorf("%s key: %v", name, err)
		}
	}
}

func readersMayOnlyRead(t *testing.T, open Open) {
	w := newWorld(t, open)
	for name, tt := range map[string]struct {
		caller      org.Caller
		read, write bool
	}{
		"owner":                 {w.owner, true, true},
		"reader":                {org.Caller{Admin: true, OwnerType: org.OwnerUser, OwnerID: w.owner.OwnerID, Role: org.RoleReader}, true, false},
		"no role":               {org.Caller{Admin: true, OwnerType: org.OwnerUser, OwnerID: w.owner.OwnerID}, false, false},
		"owner's project key":   {org.Caller{OwnerType: org.OwnerUser, OwnerID: w.owner.OwnerID, Role: org.RoleOwner}, false, false},
		"nobody":                {org.Caller{}, false, false},
		"a role of tomorrow":    {org.Caller{Admin: true, OwnerType: org.OwnerUser, OwnerID: w.owner.OwnerID, Role: "auditor"}, false, false},
		"a role in capitals":    {org.Caller{Admin: true, OwnerType: org.OwnerUser, OwnerID: w.owner.OwnerID, Role: "OWNER"}, false, false},
		"a service account key": {org.Caller{OwnerType: org.OwnerServiceAccount, OwnerID: "sa_x", Role: org.RoleOwner}, false, false},
	} {
		check := func(what string, allowed bool, err error) {
			t.Helper()
			if allowed && err != nil {
				t.Errorf("%s: %s: %v", name, what, err)
			}
			if !allowed {
				if r := refusal(t, err); r.Kind != org.Forbidden {
					t.Errorf("%s: %s: %+v", name, what, r)
				}
			}
		}
		_, err := w.svc.ListAdminAPIKeys(t.Context(), tt.caller, org.Page{Limit: 1})
		check("list", tt.read, err)
		_, err = w.svc.GetAdminAPIKey(t.Context(), tt.caller, w.first.ID)
		check("get", tt.read, err)
		key, _, _, err := w.svc.CreateAdminAPIKey(t.Context(), tt.caller, org.NewAdminAPIKey{Name: "x"})
		check("create", tt.write, err)
		if key.ID == "" {
			key.ID = w.first.ID
		}
		_, err = w.svc.DeleteAdminAPIKey(t.Context(), tt.caller, key.ID)
		check("delete", tt.write, err)
	}
}

func pagesMirrorInBothOrders(t *testing.T, open Open) {
	w := newWorld(t, open)
	want := []string{w.first.ID}
	for i := range 10 {
		want = append(want, w.create(t, "key", 0).ID)
		if i%4 == 3 { // some share their second, and some even the millisecond
			w.clock.advance(time.Second)
		}
	}
	for limit := 1; limit <= len(want)+1; limit++ {
		if diff := cmp.Diff(want, w.ids(t, org.Page{Limit: limit})); diff != "" {
			t.Errorf("ascending by %d (-want +got):\n%s", limit, diff)
		}
		descending := w.ids(t, org.Page{Limit: limit, Descending: true})
		slices.Reverse(descending)
		if diff := cmp.Diff(want, descending); diff != "" {
			t.Errorf("descending by %d, reversed (-want +got):\n%s", limit, diff)
		}
	}
}

func cursorOfADeletedKeyResumes(t *testing.T, open Open) {
	w := newWorld(t, open)
	ids := []string{w.first.ID}
	for range 4 {
		ids = append(ids, w.create(t, "key", 0).ID)
	}
	w.remove(t, ids[2])
	if diff := cmp.Diff(ids[3:], w.ids(t, org.Page{Limit: 1, After: ids[2]})); diff != "" {
		t.Errorf("ascending (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{ids[1], ids[0]}, w.ids(t, org.Page{Limit: 1, After: ids[2], Descending: true})); diff != "" {
		t.Errorf("descending (-want +got):\n%s", diff)
	}
}

func listBoundsAreChecked(t *testing.T, open Open) {
	w := newWorld(t, open)
	w.create(t, "another", 0)
	list, err := w.svc.ListAdminAPIKeys(t.Context(), w.owner, org.Page{Limit: 0})
	if err != nil || len(list.Items) != 0 || list.HasMore {
		t.Errorf("limit 0: %+v, %v", list, err)
	}
	for _, tt := range []struct {
		page org.Page
		code string
	}{
		{org.Page{Limit: -1}, "integer_below_min_value"},
		{org.Page{Limit: 101}, "integer_above_max_value"},
		{org.Page{Limit: 1, After: "x"}, "invalid_value"},
		{org.Page{Limit: 1, After: w.owner.OwnerID}, "invalid_value"},
		{org.Page{Limit: 1, After: strings.ToLower(w.first.ID)}, "invalid_value"},
	} {
		_, err := w.svc.ListAdminAPIKeys(t.Context(), w.owner, tt.page)
		if r := refusal(t, err); r.Code != tt.code {
			t.Errorf("%+v: %+v", tt.page, r)
		}
	}
}

// idsAreComparedAsBytes fails on an engine whose text ignores case, or sorts
// as people do.
func idsAreComparedAsBytes(t *testing.T, open Open) {
	w := newWorld(t, open)
	ids := []string{"key_~B", "key_~_", "key_~a", "key_~ä"} // in the order of their bytes
	if _, err := w.Update(t.Context(), func(tx org.Tx) error {
		for _, id := range []string{ids[2], ids[0], ids[3], ids[1]} {
			if err := tx.InsertKey(org.Key{ID: id, Kind: org.KindAdmin, Name: id, OwnerType: org.OwnerUser, OwnerID: w.owner.OwnerID}); err != nil {
				return err
			}
			tx.Emit(org.Event{Type: org.EventAPIKeyCreated, Resource: id})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, descending := range []bool{false, true} {
		keys, err := w.AdminAPIKeys(t.Context(), org.Page{Limit: 10, Descending: descending})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, key := range keys {
			got = append(got, key.ID)
		}
		want := append([]string{w.first.ID}, ids...)
		if descending {
			slices.Reverse(want)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("descending %t (-want +got):\n%s", descending, diff)
		}
	}
	for _, id := range []string{"key_~A", "key_~b", "KEY_~a", "key_~a "} {
		if _, ok, err := w.AdminAPIKey(t.Context(), id); ok || err != nil {
			t.Errorf("%q: found %t, %v", id, ok, err)
		}
	}
}

func keyOfARemovedOwnerIsNotMade(t *testing.T, open Open) {
	w := newWorld(t, open)
	ghost := w.owner
	ghost.OwnerID = "user_01JQ8ZK3T5V9W2X4Y6A8B0C1D2"
	_, _, _, err := w.svc.CreateAdminAPIKey(t.Context(), ghost, org.NewAdminAPIKey{Name: "x"})
	_ = refusal(t, err)
}
