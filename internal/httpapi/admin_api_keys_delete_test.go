package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

// refused is the answer to a key that is not good any more.
func refused(t *testing.T, s *system, key string) bool {
	t.Helper()
	a := s.do(t, request{path: keysPath + "?limit=1", key: key})
	switch a.status {
	case http.StatusOK:
		return false
	case http.StatusUnauthorized:
		checkFault(t, a, invalidKey(key))
		return true
	default:
		t.Fatalf("status %d: %s", a.status, a.body)
		return false
	}
}

func TestDeletionTakesEffectOnTheNextRequest(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		for range 20 {
			key, _ := s.create(t, `{"name":"short-lived"}`)
			if refused(t, s, key.Value) {
				t.Fatal("a new key is refused")
			}
			a := s.do(t, request{method: http.MethodDelete, path: keysPath + "/" + key.ID})
			want := `{"id":"` + key.ID + `","object":"organization.admin_api_key.deleted","deleted":true}`
			if diff := cmp.Diff(want, a.body); diff != "" || a.status != http.StatusOK {
				t.Fatalf("status %d (-want +got):\n%s", a.status, diff)
			}
			if !refused(t, s, key.Value) {
				t.Fatal("a deleted key is accepted")
			}
			missing := fault{404, "", "", "No such admin API key: '" + key.ID + "'."}
			checkFault(t, s.do(t, request{path: keysPath + "/" + key.ID}), missing)
			checkFault(t, s.do(t, request{method: http.MethodDelete, path: keysPath + "/" + key.ID}), missing)
		}
		s.restart(t)
		if got := ids(t, s.do(t, request{path: keysPath})); len(got) != 1 {
			t.Errorf("%d keys after all but one were deleted", len(got))
		}
	})
}

func TestDeleteOfAKeyByItself(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		key, _ := s.create(t, `{"name":"itself"}`)
		if a := s.do(t, request{method: http.MethodDelete, path: keysPath + "/" + key.ID, key: key.Value}); a.status != http.StatusOK {
			t.Fatalf("status %d: %s", a.status, a.body)
		}
		if !refused(t, s, key.Value) {
			t.Error("it is accepted after it deleted itself")
		}
	})
}

// TestReaderDeletesNoKeyButItself begins with an invite, as readers do.
func TestReaderDeletesNoKeyButItself(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		token := s.inviteInSecret(t, newGuest())
		made := decode[api.InviteAcceptResponse](t, s.post(t, acceptPath, `{"name":"Guest","token":"`+token+`"}`))
		key := made.AdminAPIKey
		s.issued(key.Value)
		event := s.audit(t, "resource_ids[]="+key.ID).Data[0]
		if diff := cmp.Diff([]string{readScope}, event.APIKeyCreated.Data.Scopes); diff != "" {
			t.Errorf("scopes in the log (-want +got):\n%s", diff)
		}
		for _, id := range []string{s.seed.first.id, "key_x"} {
			a := s.do(t, request{method: http.MethodDelete, path: keysPath + "/" + id, key: key.Value})
			checkFault(t, a, matrix["admin-api-keys-delete"].expected("reader", key.Value))
		}
		if a := s.do(t, request{method: http.MethodDelete, path: keysPath + "/" + key.ID, key: key.Value}); a.status != http.StatusOK {
			t.Fatalf("status %d: %s", a.status, a.body)
		}
		if !refused(t, s, key.Value) {
			t.Error("it is accepted after it deleted itself")
		}
	})
}

// TestLastUsableAdminKeyIsKept surrounds the key with others that could not
// administer anything: a reader's and an expired one.
func TestLastUsableAdminKeyIsKept(t *testing.T) {
	t.Parallel()
	others := func(s *seed) {
		s.key(org.KindAdmin, s.user(org.RoleReader), "of a reader", 0)
		s.key(org.KindAdmin, s.owner, "expired", seedTime+1)
		s.key(org.KindProject, s.owner, "of a project", 0)
	}
	onBothEngines(t, others, func(t *testing.T, s *system) {
		first := s.seed.first
		remove := func(id string) answer {
			return s.do(t, request{method: http.MethodDelete, path: keysPath + "/" + id})
		}
		kept := fault{400, "last_admin_api_key", "", "'" + first.id + "' cannot be deleted: no other admin API key is usable, " +
			"and nothing could be administered without it. Create another admin API key first."}
		checkFault(t, remove(first.id), kept)
		for _, other := range s.seed.keys[1:] {
			if a := remove(other.id); a.status != http.StatusOK {
				t.Errorf("delete of another: %d %s", a.status, a.body)
			}
			checkFault(t, remove(first.id), kept)
		}
		key, _ := s.create(t, `{"name":"another"}`)
		if a := remove(first.id); a.status != http.StatusOK {
			t.Errorf("with another usable key: %d %s", a.status, a.body)
		}
		if !refused(t, s, first.value) || refused(t, s, key.Value) {
			t.Error("the wrong key was deleted")
		}
	})
}

func TestUnknownIDs(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		id := s.seed.first.id
		for path, shown := range map[string]string{
			"key_x":                          "key_x",
			"key_01JQ8ZK3T5V9W2X4Y6A8B0C1D2": "key_01JQ8ZK3T5V9W2X4Y6A8B0C1D2",
			s.seed.owner.ID:                  s.seed.owner.ID,
			id + "%20":                       id + " ",
			"%20" + id:                       " " + id,
			id[:len(id)-1]:                   id[:len(id)-1],
			"KEY_" + id[4:]:                  "KEY_" + id[4:],
			"a'b%22c":                        `a'b"c`,
			"%25":                            "%",
			"x;y=1":                          "x;y=1",
			"%F0%9F%91%8D":                   "👍",
		} {
			for _, method := range []string{http.MethodGet, http.MethodDelete} {
				want := fault{404, "", "", "No such admin API key: '" + shown + "'."}
				checkFault(t, s.do(t, request{method: method, path: keysPath + "/" + path}), want)
			}
		}
	})
}

func TestPercentEncodedIDIsTheID(t *testing.T) {
	t.Parallel()
	onBothEngines(t, withKeys(1), func(t *testing.T, s *system) {
		id := s.seed.keys[1].id
		want := s.seededKey(id, "key 1")
		encoded := ""
		for i := range len(id) {
			encoded += "%" + string("0123456789ABCDEF"[id[i]>>4]) + string("0123456789abcdef"[id[i]&15])
		}
		for _, path := range []string{id, "key%5F" + id[4:], "%6bey_" + id[4:], encoded} {
			if diff := cmp.Diff(want, s.do(t, request{path: keysPath + "/" + path}).body); diff != "" {
				t.Errorf("%s:\n%s", path, diff)
			}
		}
		a := s.do(t, request{method: http.MethodDelete, path: keysPath + "/" + encoded})
		if diff := cmp.Diff(`{"id":"`+id+`","object":"organization.admin_api_key.deleted","deleted":true}`, a.body); diff != "" {
			t.Error(diff)
		}
	})
}
