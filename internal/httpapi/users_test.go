package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

const usersPath = "/v1/organization/users"

// post sends a body with the first admin key.
func (s *system) post(t *testing.T, path, body string) answer {
	t.Helper()
	return s.do(t, request{method: http.MethodPost, path: path, body: body})
}

func (s *system) remove(t *testing.T, path string) answer {
	t.Helper()
	return s.do(t, request{method: http.MethodDelete, path: path})
}

// listed returns what id picks from each element of a list, page by page.
func listed[T any](t *testing.T, s *system, path, query string, id func(T) string) (all []string) {
	t.Helper()
	for after := ""; ; {
		page := decode[api.List[T]](t, s.do(t, request{path: path + "?" + query + "&after=" + after}))
		for _, item := range page.Data {
			all = append(all, id(item))
		}
		if n := len(page.Data); n > 0 && (*page.FirstID != id(page.Data[0]) || *page.LastID != id(page.Data[n-1])) {
			t.Fatalf("first_id %s and last_id %s are not those of the page", *page.FirstID, *page.LastID)
		}
		if !page.HasMore {
			return all
		}
		after = *page.LastID
	}
}

func userID(u api.User) string { return u.ID }

func TestUserIsTheContractsToTheByte(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		id := s.seed.owner.ID
		want := fmt.Sprintf(`{"object":"organization.user","id":%q,"name":"Ada Lovelace","email":"ada@example.com","role":"owner","added_at":1700000000}`, id)
		if diff := cmp.Diff(want, s.do(t, request{path: usersPath + "/" + id}).body); diff != "" {
			t.Errorf("get (-want +got):\n%s", diff)
		}
		list := fmt.Sprintf(`{"object":"list","data":[%s],"first_id":%q,"last_id":%q,"has_more":false}`, want, id, id)
		if diff := cmp.Diff(list, s.do(t, request{path: usersPath}).body); diff != "" {
			t.Errorf("list (-want +got):\n%s", diff)
		}
	})
}

func TestUsersAreListedPageByPage(t *testing.T) {
	t.Parallel()
	fill := func(s *seed) { s.spare = s.readers(44) }
	onBothEngines(t, fill, func(t *testing.T, s *system) {
		all := append([]string{s.seed.owner.ID}, s.seed.spare...)
		for query, want := range map[string][]string{
			"": all, "limit=": all, "limit=1": all, "limit=7": all, "limit=45": all, "limit=100": all,
		} {
			if diff := cmp.Diff(want, listed(t, s, usersPath, query, userID)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
		}
		// Who pages on after the last one of a page was deleted misses nobody.
		if a := s.remove(t, usersPath+"/"+all[2]); a.status != http.StatusOK {
			t.Fatal(a.body)
		}
		page := decode[api.List[api.User]](t, s.do(t, request{path: usersPath + "?limit=2&after=" + all[2]}))
		if len(page.Data) != 2 || page.Data[0].ID != all[3] || !page.HasMore {
			t.Errorf("%+v", page)
		}
	})
}

func TestUsersAreFoundByEmail(t *testing.T) {
	t.Parallel()
	fill := func(s *seed) { s.spare = s.readers(3) }
	onBothEngines(t, fill, func(t *testing.T, s *system) {
		ids := s.seed.spare
		email := func(i int) string { return url.QueryEscape(ids[i] + "@example.com") }
		for query, want := range map[string][]string{
			"emails[]=" + email(1): {ids[1]},
			"emails%5B%5D=" + email(1) + "&emails%5B%5D=" + email(0):                    {ids[0], ids[1]},
			"emails=" + email(2) + "&emails=ADA%40example.COM":                          {s.seed.owner.ID, ids[2]},
			"limit=1&emails=" + email(2) + "&emails=" + email(0):                        {ids[0], ids[2]},
			"emails=" + strings.ToLower(email(1)) + "&emails=x":                         {ids[1]},
			"emails=nobody@example.com":                                                 nil,
			"emails=%25" + "&emails=ada":                                                nil,
			"emails=" + strings.Repeat("x@example.com&emails=", 99) + "ada@example.com": {s.seed.owner.ID},
		} {
			if diff := cmp.Diff(want, listed(t, s, usersPath, query, userID)); diff != "" {
				t.Errorf("%.80s (-want +got):\n%s", query, diff)
			}
		}
		checkFault(t, s.do(t, request{path: usersPath + "?emails=x" + strings.Repeat("&emails=x", 100)}), fault{
			400, "array_above_max_length", "emails",
			"Invalid 'emails': array too long. Expected an array with maximum length 100, but got an array with length 101 instead.",
		})
	})
}

func TestUserListRefuses(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		for query, want := range map[string]fault{
			"limit=0":     {400, "integer_below_min_value", "limit", "Invalid 'limit': integer below minimum value. Expected a value >= 1, but got 0 instead."},
			"limit=101":   {400, "integer_above_max_value", "limit", "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead."},
			"after=key_x": {400, "invalid_value", "after", "Invalid 'after': 'key_x' is not an id of this list. Expected the id of the last element of the page before, such as 'user_01JQ8ZK3T5V9W2X4Y6A8B0C1D2'."},
		} {
			checkFault(t, s.do(t, request{path: usersPath + "?" + query}), want)
		}
	})
}

// mayWrite says whether a key may change things, by creating nothing.
func mayWrite(t *testing.T, s *system, key string) bool {
	t.Helper()
	return s.do(t, request{method: http.MethodPost, path: keysPath, key: key, body: `{}`}).status == http.StatusBadRequest
}

func TestRoleOfAUserIsThatOfItsKeys(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			var key seedKey
			s := newSystemOn(t, e.database(t), func(s *seed) {
				reader := s.user(org.RoleReader)
				s.spare, key = []string{reader.ID}, s.key(org.KindAdmin, reader, "theirs", 0)
			})
			path := usersPath + "/" + s.seed.spare[0]
			for _, role := range []string{"owner", "reader", "owner"} {
				a := s.post(t, path, `{"role":"`+role+`"}`)
				if u := decode[api.User](t, a); *u.Role != role || a.header.Get("Keyreeve-Revision") == "" {
					t.Errorf("role %s, want %s", *u.Role, role)
				}
				if got := mayWrite(t, s, key.value); got != (role == "owner") {
					t.Errorf("with the role %s its key may write: %t", role, got)
				}
			}
			s.restart(t)
			if !mayWrite(t, s, key.value) {
				t.Error("an owner's key may not write after a restart")
			}
		})
	}
}

func TestModifyUser(t *testing.T) {
	t.Parallel()
	fill := func(s *seed) { s.spare = s.readers(1) }
	onBothEngines(t, fill, func(t *testing.T, s *system) {
		path := usersPath + "/" + s.seed.spare[0]
		before := s.do(t, request{path: path}).body
		for _, body := range []string{`{}`, `{"role":null}`, `{"role":"reader"}`, `{"role_id":null,"technical_level":null,"developer_persona":""}`} {
			if diff := cmp.Diff(before, s.post(t, path, body).body); diff != "" {
				t.Errorf("%s changed something:\n%s", body, diff)
			}
		}
		a := s.post(t, path, `{"technical_level":"high","developer_persona":"writes Go"}`)
		if u := decode[api.User](t, a); *u.TechnicalLevel != "high" || *u.DeveloperPersona != "writes Go" || *u.Role != "reader" {
			t.Errorf("%s", a.body)
		}
		if diff := cmp.Diff(a.body, s.do(t, request{path: path}).body); diff != "" {
			t.Errorf("read back (-told +read):\n%s", diff)
		}
		for body, want := range map[string]fault{
			`{"role":"king"}`:              {400, "invalid_value", "role", "Invalid value: 'king'. Supported values are: 'owner' and 'reader'."},
			`{"role":"Owner"}`:             {400, "invalid_value", "role", "Invalid value: 'Owner'. Supported values are: 'owner' and 'reader'."},
			`{"role_id":"role_x"}`:         {400, "invalid_value", "role_id", "Invalid 'role_id': this server has no custom roles. Give 'role' instead."},
			`{"name":"x"}`:                 {400, "unknown_parameter", "name", "Unknown parameter: 'name'."},
			`{"role":1}`:                   {400, "invalid_type", "role", "Invalid type for 'role': expected a string, but got an integer instead."},
			`{"technical_level":"\u0000"}`: {400, "invalid_value", "technical_level", "Invalid 'technical_level': control characters are not allowed, but it contains U+0000."},
		} {
			checkFault(t, s.post(t, path, body), want)
		}
	})
}

func TestDeletedUserLosesItsKeysAtOnce(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			var admin, inProject seedKey
			s := newSystemOn(t, e.database(t), func(s *seed) {
				reader := s.user(org.RoleReader)
				s.spare, admin = []string{reader.ID}, s.key(org.KindAdmin, reader, "theirs", 0)
				inProject = s.keyIn(s.project("p"), org.KindProject, reader, "in a project", 0)
			})
			for _, key := range []seedKey{admin, inProject} {
				s.issued(key.value)
			}
			path := usersPath + "/" + s.seed.spare[0]
			if s.statusOf(t, admin) != http.StatusOK || s.statusOf(t, inProject) != http.StatusForbidden {
				t.Fatal("its keys are not good to begin with")
			}
			a := s.remove(t, path)
			if want := `{"object":"organization.user.deleted","id":"` + s.seed.spare[0] + `","deleted":true}`; a.body != want {
				t.Errorf("%s, want %s", a.body, want)
			}
			for range 2 {
				if a, p := s.statusOf(t, admin), s.statusOf(t, inProject); a != http.StatusUnauthorized || p != http.StatusUnauthorized {
					t.Errorf("its admin key is answered %d, its project key %d", a, p)
				}
				missing := fault{404, "", "", "No such user: '" + s.seed.spare[0] + "'."}
				checkFault(t, s.do(t, request{path: path}), missing)
				checkFault(t, s.remove(t, path), missing)
				checkFault(t, s.do(t, request{path: keysPath + "/" + admin.id}), fault{404, "", "", "No such admin API key: '" + admin.id + "'."})
				s.restart(t)
			}
		})
	}
}

// statusOf is the answer that a key gets to a read.
func (s *system) statusOf(t *testing.T, key seedKey) int {
	t.Helper()
	return s.do(t, request{path: keysPath + "?limit=1", key: key.value}).status
}

func TestLastOwnerStays(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			var other org.Owner
			var expired seedKey
			s := newSystemOn(t, e.database(t), func(s *seed) {
				reader := s.user(org.RoleReader)
				s.key(org.KindAdmin, reader, "a reader's", 0)
				other = s.user(org.RoleReader)
				expired = s.key(org.KindAdmin, other, "expired", seedTime+1)
			})
			own, others := usersPath+"/"+s.seed.owner.ID, usersPath+"/"+other.ID
			kept := func(code, why string) {
				t.Helper()
				checkFault(t, s.remove(t, own), fault{400, code, "", fmt.Sprintf("'%s' cannot be deleted: %s", s.seed.owner.ID, why)})
				checkFault(t, s.post(t, own, `{"role":"reader"}`), fault{400, code, "", fmt.Sprintf("'%s' cannot be made a reader: %s", s.seed.owner.ID, why)})
			}
			kept("last_owner", "no other user has the role 'owner', and nobody could administer the organization. Give another user that role first.")
			if a := s.post(t, others, `{"role":"owner"}`); a.status != http.StatusOK {
				t.Fatal(a.body)
			}
			kept("last_admin_api_key", "no other owner has a usable admin API key, and nothing could be administered without one. Another owner needs an admin API key first.")
			if a := s.remove(t, keysPath+"/"+expired.id); a.status != http.StatusOK {
				t.Fatal(a.body)
			}
			// An owner may delete another: the one who asks stays.
			if a := s.remove(t, others); a.status != http.StatusOK {
				t.Error(a.body)
			}
		})
	}
}

func TestOwnerWithASuccessorMayGo(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			var successor seedKey
			s := newSystemOn(t, e.database(t), func(s *seed) { successor = s.key(org.KindAdmin, s.user(org.RoleOwner), "successor", 0) })
			s.issued(successor.value)
			if a := s.remove(t, usersPath+"/"+s.seed.owner.ID); a.status != http.StatusOK {
				t.Fatal(a.body)
			}
			if s.statusOf(t, s.seed.first) != http.StatusUnauthorized || !mayWrite(t, s, successor.value) {
				t.Error("the wrong owner went")
			}
		})
	}
}

func TestUnknownUsers(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		id := s.seed.owner.ID
		for _, unknown := range []string{"user_x", s.seed.first.id, "user_01JQ8ZK3T5V9W2X4Y6A8B0C1D2", strings.ToLower(id), id + "0", "proj_" + id[5:]} {
			want := fault{404, "", "", "No such user: '" + unknown + "'."}
			checkFault(t, s.do(t, request{path: usersPath + "/" + unknown}), want)
			checkFault(t, s.post(t, usersPath+"/"+unknown, `{"role":"owner"}`), want)
			checkFault(t, s.remove(t, usersPath+"/"+unknown), want)
		}
	})
}
