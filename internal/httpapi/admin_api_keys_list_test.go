package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
)

// withKeys fills a database with n more admin keys.
func withKeys(n int) func(*seed) {
	return func(s *seed) {
		for i := range n {
			s.adminKey(fmt.Sprint("key ", i+1))
		}
	}
}

// seededKey is how the API shows an unused seeded key, to the byte.
func (s *system) seededKey(id, name string) string {
	value := ""
	for _, v := range s.seed.keys {
		if v.id == id {
			value = v.value
		}
	}
	return fmt.Sprintf(`{"object":"organization.admin_api_key","id":%q,"name":%q,"redacted_value":"sk-admin...%s",`+
		`"created_at":1700000000,"expires_at":null,"last_used_at":null,`+
		`"owner":{"type":"user","object":"organization.user","id":%q,"name":"Ada Lovelace","created_at":1700000000,"role":"owner"}}`,
		id, name, value[len(value)-3:], s.seed.owner.ID)
}

func TestListIsTheContractsToTheByte(t *testing.T) {
	t.Parallel()
	onBothEngines(t, withKeys(3), func(t *testing.T, s *system) {
		k := s.seed.keys
		one, two, three := s.seededKey(k[1].id, "key 1"), s.seededKey(k[2].id, "key 2"), s.seededKey(k[3].id, "key 3")
		for _, test := range []struct{ query, want string }{
			{"?limit=2&after=" + k[0].id, fmt.Sprintf(`{"object":"list","data":[%s,%s],"first_id":%q,"last_id":%q,"has_more":true}`, one, two, k[1].id, k[2].id)},
			{"?limit=3&after=" + k[0].id, fmt.Sprintf(`{"object":"list","data":[%s,%s,%s],"first_id":%q,"last_id":%q,"has_more":false}`, one, two, three, k[1].id, k[3].id)},
			{"?limit=1&order=desc", fmt.Sprintf(`{"object":"list","data":[%s],"first_id":%q,"last_id":%q,"has_more":true}`, three, k[3].id, k[3].id)},
			{"?after=" + k[3].id, `{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}`},
			{"?order=desc&after=" + k[0].id, `{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}`},
			{"?limit=0", `{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}`},
			{"/" + k[1].id, one},
		} {
			if diff := cmp.Diff(test.want, s.do(t, request{path: keysPath + test.query}).body); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.query, diff)
			}
		}
	})
}

func TestListParameters(t *testing.T) {
	t.Parallel()
	onBothEngines(t, withKeys(120), func(t *testing.T, s *system) {
		var all []string
		for _, k := range s.seed.keys {
			all = append(all, k.id)
		}
		down := slices.Clone(all)
		slices.Reverse(down)
		const unused = "key_01JQ8ZK3T5V9W2X4Y6A8B0C1D2" // of March 2025: behind all of the seed
		const before = "key_00000000000000000000000000"
		for _, test := range []struct {
			query string
			want  []string
			more  bool
		}{
			{"", all[:20], true},
			{"?", all[:20], true},
			{"?order=asc", all[:20], true},
			{"?order=desc", down[:20], true},
			{"?limit=1", all[:1], true},
			{"?limit=100", all[:100], true},
			{"?limit=100&after=" + all[19], all[20:120], true},
			{"?limit=100&after=" + all[20], all[21:], false},
			{"?limit=100&order=desc&after=" + all[100], down[21:], false},
			{"?limit=100&order=desc&after=" + all[101], down[20:120], true},
			{"?after=", all[:20], true},
			{"?after", all[:20], true},
			{"?after=&order=&limit=", all[:20], true},
			{"?after=" + unused, nil, false},
			{"?order=desc&after=" + unused, down[:20], true},
			{"?after=" + before, all[:20], true},
			{"?order=desc&after=" + before, nil, false},
			{"?limit=0&after=" + all[0], nil, false},
			{"?limit=5&unknown=1&unknown=2&Limit=3", all[:5], true},
			{"?l%69mit=%35", all[:5], true},
			{"?after=" + all[3] + "&limit=2&", all[4:6], true},
		} {
			a := s.do(t, request{path: keysPath + test.query})
			if diff := cmp.Diff(test.want, ids(t, a)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.query, diff)
			}
			if more := decode[api.List[api.AdminAPIKey]](t, a).HasMore; more != test.more {
				t.Errorf("%s: has_more %v", test.query, more)
			}
		}
	})
}

func TestListRefusesWhatIsNoParameter(t *testing.T) {
	t.Parallel()
	const order = "Supported values are: 'asc' and 'desc'."
	cursor := func(v string) fault {
		return fault{400, "invalid_value", "after", "Invalid 'after': '" + v + "' is not an id of this list. " +
			"Expected the id of the last element of the page before, such as 'key_01JQ8ZK3T5V9W2X4Y6A8B0C1D2'."}
	}
	above := func(v string) fault {
		return fault{400, "integer_above_max_value", "limit", "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got " + v + " instead."}
	}
	below := func(v string) fault {
		return fault{400, "integer_below_min_value", "limit", "Invalid 'limit': integer below minimum value. Expected a value >= 0, but got " + v + " instead."}
	}
	typed := func(got string) fault {
		return fault{400, "invalid_type", "limit", "Invalid type for 'limit': expected an integer, but got " + got + " instead."}
	}
	twice := func(p string) fault {
		return fault{400, "duplicate_parameter", p, "Duplicate parameter: '" + p + "'. It takes one value: give it once."}
	}
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		user, lower := s.seed.owner.ID, strings.ToLower(s.seed.first.id)
		for _, test := range []struct {
			query string
			want  fault
		}{
			{"limit=101", above("101")},
			{"limit=99999999999999999999999", above("99999999999999999999999")},
			{"limit=-1", below("-1")},
			{"limit=-99999999999999999999999", below("-99999999999999999999999")},
			{"limit=abc", typed("a string")},
			{"limit=5.0", typed("a decimal number")},
			{"limit=1e1", typed("a decimal number")},
			{"limit=%2B5", typed("a string")},
			{"limit=05", typed("a string")},
			{"limit=%205", typed("a string")},
			{"limit=0x10", typed("a string")},
			{"limit=%D9%A5", typed("a string")}, // an Arabic 5
			{"limit=null", typed("a string")},
			{"limit=5&limit=5", twice("limit")},
			{"limit=&limit=5", twice("limit")},
			{"order=asc&order=asc", twice("order")},
			{"after=&after=", twice("after")},
			{"order=ASC", fault{400, "invalid_value", "order", "Invalid value: 'ASC'. " + order}},
			{"order=ascending", fault{400, "invalid_value", "order", "Invalid value: 'ascending'. " + order}},
			{"order=asc%00", fault{400, "invalid_value", "order", "Invalid value: 'asc\uFFFD'. " + order}},
			{"after=garbage", cursor("garbage")},
			{"after=" + user, cursor(user)},
			{"after=" + lower, cursor(lower)},
			{"after=" + s.seed.first.id + "x", cursor(s.seed.first.id + "x")},
			{"after=%20" + s.seed.first.id, cursor(" " + s.seed.first.id)},
			{"after=key_", cursor("key_")},
			{"after=null", cursor("null")},
			{"after=key_81JQ8ZK3T5V9W2X4Y6A8B0C1D2", cursor("key_81JQ8ZK3T5V9W2X4Y6A8B0C1D2")}, // over 128 bits
			{"after='%20OR%201=1--", cursor("' OR 1=1--")},
			{"after=x&limit=0", cursor("x")},
			{"after=x&limit=101", above("101")},
			{"limit=%", fault{400, "", "", "We could not parse the query string of your request. A percent sign must be followed by two hexadecimal digits; write a percent sign itself as %25."}},
			{"limit=%FF", fault{400, "", "", "We could not parse the query string of your request. It holds bytes that are not UTF-8. Percent-encode the UTF-8 form of each character."}},
		} {
			t.Run(test.query, func(t *testing.T) {
				checkFault(t, s.do(t, request{path: keysPath + "?" + test.query}), test.want)
			})
		}
	})
}

func TestPagesAreExactMirrors(t *testing.T) {
	t.Parallel()
	// All keys of the seed are of one second.
	onBothEngines(t, withKeys(22), func(t *testing.T, s *system) {
		var want []string
		for _, k := range s.seed.keys {
			want = append(want, k.id)
		}
		for _, limit := range []int{1, 2, 7, 22, 23, 24, 100} {
			up := s.pages(t, fmt.Sprintf("limit=%d&order=asc", limit), nil)
			down := s.pages(t, fmt.Sprintf("limit=%d&order=desc", limit), nil)
			slices.Reverse(down)
			if diff := cmp.Diff(want, up); diff != "" {
				t.Errorf("limit %d, ascending:\n%s", limit, diff)
			}
			if diff := cmp.Diff(want, down); diff != "" {
				t.Errorf("limit %d, descending:\n%s", limit, diff)
			}
		}
	})
}

func TestAfterDeletedCursorResumes(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"asc", "desc"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			onBothEngines(t, withKeys(11), func(t *testing.T, s *system) {
				seen := s.pages(t, "limit=3&order="+order, func(last string) {
					if last == s.seed.first.id {
						return // it is the key that asks
					}
					if a := s.do(t, request{method: http.MethodDelete, path: keysPath + "/" + last}); a.status != http.StatusOK {
						t.Fatalf("delete %s: %s", last, a.body)
					}
				})
				var want []string
				for _, k := range s.seed.keys {
					want = append(want, k.id)
				}
				if order == "desc" {
					slices.Reverse(want)
				}
				if diff := cmp.Diff(want, seen); diff != "" {
					t.Errorf("some were missed or seen twice:\n%s", diff)
				}
			})
		})
	}
}
