package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/httpapi"
	"github.com/keyreeve/keyreeve/internal/server"
)

// matrixRow is what authorisation asks of one operation, written down apart
// from the route table, which is what it judges.
type matrixRow struct {
	scope string
	// good is a request that an allowed caller gets a 200 for. bad is one that
	// the server would refuse for what it asks: who asks comes first.
	good, bad func(*testing.T, *system) request
	badStatus int
}

const (
	readScope  = "api.management.read"
	writeScope = "api.management.write"
	noScope    = "" // anybody may
)

var matrix = map[string]matrixRow{
	"admin-api-keys-list": {
		scope: readScope, badStatus: 400,
		good: fixed(request{path: keysPath}), bad: fixed(request{path: keysPath + "?limit=x"}),
	},
	"admin-api-keys-create": {
		scope: writeScope, badStatus: 400,
		good: fixed(request{body: `{"name":"a"}`}), bad: fixed(request{body: `{"name":`}),
	},
	"admin-api-keys-get": {
		scope: readScope, badStatus: 404,
		good: func(_ *testing.T, s *system) request { return request{path: keysPath + "/" + s.seed.first.id} },
		bad:  fixed(request{path: keysPath + "/key_x"}),
	},
	"admin-api-keys-delete": {
		scope: writeScope, badStatus: 404,
		good: func(t *testing.T, s *system) request {
			key, _ := s.create(t, `{"name":"victim"}`)
			return request{path: keysPath + "/" + key.ID}
		},
		bad: fixed(request{path: keysPath + "/key_x"}),
	},
	"list-users": {
		scope: readScope, badStatus: 400,
		good: fixed(request{path: usersPath}), bad: fixed(request{path: usersPath + "?limit=0"}),
	},
	"retrieve-user": {
		scope: readScope, badStatus: 404,
		good: func(_ *testing.T, s *system) request { return request{path: usersPath + "/" + s.seed.owner.ID} },
		bad:  fixed(request{path: usersPath + "/user_x"}),
	},
	"modify-user": {
		scope: writeScope, badStatus: 400,
		good: func(_ *testing.T, s *system) request {
			return request{path: usersPath + "/" + s.seed.spare[0], body: `{"role":"owner"}`}
		},
		bad: func(_ *testing.T, s *system) request {
			return request{path: usersPath + "/" + s.seed.owner.ID, body: `{"role":"king"}`}
		},
	},
	"delete-user": {
		scope: writeScope, badStatus: 404,
		good: func(_ *testing.T, s *system) request {
			last := len(s.seed.spare) - 1
			r := request{path: usersPath + "/" + s.seed.spare[last]}
			s.seed.spare = s.seed.spare[:last]
			return r
		},
		bad: fixed(request{path: usersPath + "/user_x"}),
	},
	"list-projects": {
		scope: readScope, badStatus: 400,
		good: fixed(request{path: projectsPath}), bad: fixed(request{path: projectsPath + "?include_archived=2"}),
	},
	"create-project": {
		scope: writeScope, badStatus: 400,
		good: fixed(request{path: projectsPath, body: `{"name":"a"}`}), bad: fixed(request{path: projectsPath, body: `{}`}),
	},
	"retrieve-project": {
		scope: readScope, badStatus: 404,
		good: func(t *testing.T, s *system) request { return request{path: projectsPath + "/" + s.newProject(t)} },
		bad:  fixed(request{path: projectsPath + "/proj_x"}),
	},
	"modify-project": {
		scope: writeScope, badStatus: 400,
		good: func(t *testing.T, s *system) request {
			return request{path: projectsPath + "/" + s.newProject(t), body: `{"name":"b"}`}
		},
		bad: func(t *testing.T, s *system) request {
			return request{path: projectsPath + "/" + s.newProject(t), body: `{"name":""}`}
		},
	},
	"archive-project": {
		scope: writeScope, badStatus: 404,
		good: func(t *testing.T, s *system) request {
			return request{path: projectsPath + "/" + s.newProject(t) + "/archive"}
		},
		bad: fixed(request{path: projectsPath + "/proj_x/archive"}),
	},
	"list-invites": {
		scope: readScope, badStatus: 400,
		good: fixed(request{path: invitesPath}), bad: fixed(request{path: invitesPath + "?limit=x"}),
	},
	"inviteUser": {
		scope: writeScope, badStatus: 400,
		good: func(*testing.T, *system) request {
			return request{path: invitesPath, body: newGuest()}
		},
		bad: fixed(request{path: invitesPath, body: `{}`}),
	},
	"retrieve-invite": {
		scope: readScope, badStatus: 404,
		good: func(t *testing.T, s *system) request {
			return request{path: invitesPath + "/" + s.invite(t, newGuest()).ID}
		},
		bad: fixed(request{path: invitesPath + "/invite_x"}),
	},
	"delete-invite": {
		scope: writeScope, badStatus: 404,
		good: func(t *testing.T, s *system) request {
			return request{path: invitesPath + "/" + s.invite(t, newGuest()).ID}
		},
		bad: fixed(request{path: invitesPath + "/invite_x"}),
	},
	"keyreeve-accept-invite": {
		scope: noScope, badStatus: 400,
		good: func(t *testing.T, s *system) request {
			return request{path: acceptPath, body: `{"name":"Guest","token":"` + s.inviteInSecret(t, newGuest()) + `"}`}
		},
		bad: fixed(request{path: acceptPath, body: `{"name":"Guest","token":"x"}`}),
	},
	"list-project-users": {
		scope: readScope, badStatus: 404,
		good: func(t *testing.T, s *system) request { return request{path: membersPath(s.newProject(t))} },
		bad:  fixed(request{path: membersPath("proj_x")}),
	},
	"create-project-user": {
		scope: writeScope, badStatus: 400,
		good: func(t *testing.T, s *system) request {
			return request{path: membersPath(s.newProject(t)), body: `{"role":"member","user_id":"` + s.seed.owner.ID + `"}`}
		},
		bad: func(t *testing.T, s *system) request {
			return request{path: membersPath(s.newProject(t)), body: `{"role":"member"}`}
		},
	},
	"retrieve-project-user": {
		scope: readScope, badStatus: 404,
		good: func(t *testing.T, s *system) request { return request{path: s.newMember(t)} },
		bad: func(t *testing.T, s *system) request {
			return request{path: membersPath(s.newProject(t)) + "/" + s.seed.owner.ID}
		},
	},
	"modify-project-user": {
		scope: writeScope, badStatus: 400,
		good: func(t *testing.T, s *system) request { return request{path: s.newMember(t), body: `{"role":"owner"}`} },
		bad:  func(t *testing.T, s *system) request { return request{path: s.newMember(t), body: `{"role":"king"}`} },
	},
	"delete-project-user": {
		scope: writeScope, badStatus: 404,
		good: func(t *testing.T, s *system) request { return request{path: s.newMember(t)} },
		bad: func(t *testing.T, s *system) request {
			return request{path: membersPath(s.newProject(t)) + "/" + s.seed.owner.ID}
		},
	},
	"list-project-service-accounts": {
		scope: readScope, badStatus: 404,
		good: func(t *testing.T, s *system) request { return request{path: accountsPath(s.newProject(t))} },
		bad:  fixed(request{path: accountsPath("proj_x")}),
	},
	"create-project-service-account": {
		scope: writeScope, badStatus: 400,
		good: func(t *testing.T, s *system) request {
			return request{path: accountsPath(s.newProject(t)), body: `{"name":"worker"}`}
		},
		bad: func(t *testing.T, s *system) request { return request{path: accountsPath(s.newProject(t)), body: `{}`} },
	},
	"retrieve-project-service-account": {
		scope: readScope, badStatus: 404,
		good: func(t *testing.T, s *system) request { return request{path: s.newAccountPath(t)} },
		bad:  func(t *testing.T, s *system) request { return request{path: accountsPath(s.newProject(t)) + "/sa_x"} },
	},
	"update-project-service-account": {
		scope: writeScope, badStatus: 400,
		good: func(t *testing.T, s *system) request {
			return request{path: s.newAccountPath(t), body: `{"role":"owner"}`}
		},
		bad: func(t *testing.T, s *system) request {
			return request{path: s.newAccountPath(t), body: `{"role":"none"}`}
		},
	},
	"delete-project-service-account": {
		scope: writeScope, badStatus: 404,
		good: func(t *testing.T, s *system) request { return request{path: s.newAccountPath(t)} },
		bad:  func(t *testing.T, s *system) request { return request{path: accountsPath(s.newProject(t)) + "/sa_x"} },
	},
	"CreateanAPIkeyforaserviceaccount": {
		scope: writeScope, badStatus: 400,
		good: func(t *testing.T, s *system) request { return request{path: s.newAccountPath(t) + "/api_keys"} },
		bad: func(t *testing.T, s *system) request {
			return request{path: s.newAccountPath(t) + "/api_keys", body: `{"scopes":["all"]}`}
		},
	},
	"list-project-api-keys": {
		scope: readScope, badStatus: 404,
		good: func(t *testing.T, s *system) request { return request{path: projectKeysPath(s.newProject(t))} },
		bad:  fixed(request{path: projectKeysPath("proj_x")}),
	},
	"keyreeve-create-project-api-key": {
		scope: writeScope, badStatus: 400,
		good: func(t *testing.T, s *system) request {
			project := s.newProject(t)
			s.join(t, project)
			return request{path: projectKeysPath(project), body: `{"name":"laptop","user_id":"` + s.seed.owner.ID + `"}`}
		},
		bad: func(t *testing.T, s *system) request {
			return request{path: projectKeysPath(s.newProject(t)), body: `{"name":"laptop","user_id":"` + s.seed.owner.ID + `"}`}
		},
	},
	"retrieve-project-api-key": {
		scope: readScope, badStatus: 404,
		good: func(t *testing.T, s *system) request { return request{path: s.newProjectKeyPath(t)} },
		bad: func(t *testing.T, s *system) request {
			return request{path: projectKeysPath(s.newProject(t)) + "/key_x"}
		},
	},
	"delete-project-api-key": {
		scope: writeScope, badStatus: 404,
		good: func(t *testing.T, s *system) request { return request{path: s.newProjectKeyPath(t)} },
		bad: func(t *testing.T, s *system) request {
			return request{path: projectKeysPath(s.newProject(t)) + "/key_x"}
		},
	},
	"list-audit-logs": {
		scope: readScope, badStatus: 400,
		good: fixed(request{path: auditPath}), bad: fixed(request{path: auditPath + "?limit=0"}),
	},
	"list-project-rate-limits": {
		scope: readScope, badStatus: 404,
		good: func(t *testing.T, s *system) request {
			return request{path: projectsPath + "/" + s.newProject(t) + "/rate_limits"}
		},
		bad: fixed(request{path: projectsPath + "/proj_x/rate_limits"}),
	},
	"update-project-rate-limits": {
		scope: writeScope, badStatus: 404,
		good: func(t *testing.T, s *system) request {
			return request{path: projectsPath + "/" + s.newProject(t) + "/rate_limits/rl-gpt-4o", body: `{"max_requests_per_1_minute":1}`}
		},
		bad: func(t *testing.T, s *system) request {
			return request{path: projectsPath + "/" + s.newProject(t) + "/rate_limits/rl-x", body: `{}`}
		},
	},
}

func fixed(r request) func(*testing.T, *system) request {
	return func(*testing.T, *system) request {
		if r.path == "" {
			r.path = keysPath
		}
		return r
	}
}

// expected is the fault that a principal meets, of status 200 for none.
func (row matrixRow) expected(principal, key string) fault {
	if row.scope == noScope {
		return fault{status: 200}
	}
	switch principal {
	case "none":
		return fault{401, "", "", "Missing bearer authentication in header"}
	case "junk", "unknown", "revoked", "expired":
		return invalidKey(key)
	case "owner":
		return fault{status: 200}
	case "reader":
		if row.scope == readScope {
			return fault{status: 200}
		}
	}
	return fault{403, "", "", "You have insufficient permissions for this operation. Missing scopes: " + row.scope +
		". Use an organization admin key (sk-admin-…) whose owner has the role that allows it."}
}

func TestAuthorisationMatrix(t *testing.T) {
	t.Parallel()
	if problems := unmatched(httpapi.Routes(), matrix); problems != nil {
		t.Fatal(problems)
	}
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s, principals := newMatrixSystem(t, e.database(t))
			cells := 0
			for _, route := range httpapi.Routes() {
				row := matrix[route.Operation]
				for _, principal := range slices.Sorted(maps.Keys(principals)) {
					t.Run(route.Operation+"/"+principal, func(t *testing.T) {
						key := principals[principal]
						want := row.expected(principal, key)
						for _, bad := range []bool{true, false} {
							r := row.good(t, s)
							if bad {
								r = row.bad(t, s)
							}
							r.method, r.key = route.Method, key
							if key == "" {
								r.header = http.Header{"Authorization": nil}
							}
							a := s.do(t, r)
							cells++
							switch {
							case want.status != 200:
								checkFault(t, a, want)
							case bad && a.status != row.badStatus:
								t.Errorf("a bad request: status %d, want %d: %s", a.status, row.badStatus, a.body)
							case !bad && a.status != 200:
								t.Errorf("status %d, want 200: %s", a.status, a.body)
							}
							for _, value := range values(a.body) {
								s.issued(value)
							}
						}
					})
				}
			}
			t.Logf("%d answers of %d routes to %d principals", cells, len(httpapi.Routes()), len(principals))
		})
	}
}

// unmatched names routes without a row, and rows without a route.
func unmatched(routes []httpapi.Route, rows map[string]matrixRow) (problems []string) {
	routed := map[string]bool{}
	for _, r := range routes {
		routed[r.Operation] = true
		if _, ok := rows[r.Operation]; !ok {
			problems = append(problems, fmt.Sprintf("%s %s (%s) has no row in the authorisation matrix", r.Method, r.Path, r.Operation))
		}
	}
	for operation := range rows {
		if !routed[operation] {
			problems = append(problems, operation+" has a row and no route")
		}
	}
	return problems
}

func TestARouteOutsideTheMatrixIsCaught(t *testing.T) {
	t.Parallel()
	routes := append(slices.Clip(httpapi.Routes()), httpapi.Route{Method: http.MethodGet, Path: "/v1/new", Operation: "new-thing"})
	if got := strings.Join(unmatched(routes, matrix), "; "); got != "GET /v1/new (new-thing) has no row in the authorisation matrix" {
		t.Errorf("got %q", got)
	}
	if got := strings.Join(unmatched(nil, map[string]matrixRow{"old-thing": {}}), "; "); got != "old-thing has a row and no route" {
		t.Errorf("got %q", got)
	}
}

// TestRefusedCallersChangeNothing: a 403 is more than a word.
func TestRefusedCallersChangeNothing(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s, principals := newMatrixSystem(t, e.database(t))
			before := ids(t, s.do(t, request{path: keysPath + "?limit=100"}))
			for principal, key := range principals {
				if principal == "owner" || principal == "none" {
					continue
				}
				for _, id := range before {
					if slices.Contains(s.seed.keys, seedKey{id, key}) {
						continue // a key may delete itself
					}
					s.do(t, request{method: http.MethodDelete, path: keysPath + "/" + id, key: key})
				}
				s.do(t, request{method: http.MethodPost, path: keysPath, key: key, body: `{"name":"mine"}`})
			}
			if after := ids(t, s.do(t, request{path: keysPath + "?limit=100"})); !slices.Equal(before, after) {
				t.Errorf("keys %v, before %v", after, before)
			}
		})
	}
}

func newMatrixSystem(t *testing.T, database string) (s *system, principals map[string]string) {
	t.Helper()
	s = newSystem(t, server.Config{Database: database}, func(seed *seed) {
		principals = seed.principals()
		seed.spare = seed.readers(3 * len(principals))
	})
	for _, key := range principals {
		if len(key) > len("junk") {
			s.issued(key)
		}
	}
	return s, principals
}
