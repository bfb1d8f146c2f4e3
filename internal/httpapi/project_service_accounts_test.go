package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
)

func accountsPath(projectID string) string {
	return projectsPath + "/" + projectID + "/service_accounts"
}

func accountID(a api.ProjectServiceAccount) string { return a.ID }

// newAccount makes a service account in a project and returns it with its key.
func (s *system) newAccount(t *testing.T, projectID, body string) api.ProjectServiceAccountCreateResponse {
	t.Helper()
	account := decode[api.ProjectServiceAccountCreateResponse](t, s.post(t, accountsPath(projectID), body))
	if account.APIKey != nil {
		s.issued(account.APIKey.Value)
	}
	return account
}

// newAccountPath makes a service account in a new project and returns its path.
func (s *system) newAccountPath(t *testing.T) string {
	t.Helper()
	projectID := s.newProject(t)
	return accountsPath(projectID) + "/" + s.newAccount(t, projectID, `{"name":"worker"}`).ID
}

func TestServiceAccountIsTheContractsToTheByte(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		path := accountsPath(s.newProject(t))
		a := s.post(t, path, `{"name":"worker","expires_in_seconds":60}`)
		made := decode[api.ProjectServiceAccountCreateResponse](t, a)
		key := made.APIKey
		s.issued(key.Value)
		want := fmt.Sprintf(`{"object":"organization.project.service_account","id":%q,"name":"worker","role":"member","created_at":%d`, made.ID, made.CreatedAt)
		withKey := want + fmt.Sprintf(`,"api_key":{"object":"organization.project.service_account.api_key","value":%q,"name":"Secret Key","created_at":%d,"id":%q,"expires_at":%d}}`,
			key.Value, made.CreatedAt, key.ID, made.CreatedAt+60)
		if diff := cmp.Diff(withKey, a.body); diff != "" || a.header.Get("Keyreeve-Revision") == "" || !strings.HasPrefix(key.Value, "sk-svcacct-") {
			t.Errorf("create (-want +got):\n%s", diff)
		}
		want += "}"
		if diff := cmp.Diff(want, s.do(t, request{path: path + "/" + made.ID}).body); diff != "" {
			t.Errorf("get (-want +got):\n%s", diff)
		}
		list := fmt.Sprintf(`{"object":"list","data":[%s],"first_id":%q,"last_id":%q,"has_more":false}`, want, made.ID, made.ID)
		if diff := cmp.Diff(list, s.do(t, request{path: path}).body); diff != "" {
			t.Errorf("list (-want +got):\n%s", diff)
		}
		gone := `{"object":"organization.project.service_account.deleted","id":"` + made.ID + `","deleted":true}`
		if diff := cmp.Diff(gone, s.remove(t, path+"/"+made.ID).body); diff != "" {
			t.Errorf("delete (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(`{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}`, s.do(t, request{path: path}).body); diff != "" {
			t.Errorf("empty list (-want +got):\n%s", diff)
		}
	})
}

func TestServiceAccountWithoutAKey(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project := s.newProject(t)
		for body, only := range map[string]bool{
			`{"name":"a","create_service_account_only":true}`:                            true,
			`{"name":"a","create_service_account_only":true,"expires_in_seconds":null}`:  true,
			`{"name":"a","create_service_account_only":false}`:                           false,
			`{"name":"a","create_service_account_only":null,"expires_in_seconds":null}`:  false,
			`{"name":"a","create_service_account_only":false,"expires_in_seconds":3600}`: false,
		} {
			role := map[bool]string{true: "none", false: "member"}[only]
			if a := s.newAccount(t, project, body); (a.APIKey == nil) != only || a.Role != role {
				t.Errorf("%s: role %s, with a key: %t", body, a.Role, a.APIKey != nil)
			}
		}
		if n := len(listed(t, s, projectsPath+"/"+project+"/api_keys", "", projectKeyID)); n != 3 {
			t.Errorf("%d keys, want 3", n)
		}
		checkFault(t, s.post(t, accountsPath(project), `{"name":"a","create_service_account_only":true,"expires_in_seconds":1}`), fault{
			400, "invalid_value", "expires_in_seconds",
			"Invalid 'expires_in_seconds': it is of the key, and 'create_service_account_only' asks for none. Leave one of them out.",
		})
	})
}

func TestServiceAccountsAreChecked(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		account := s.newAccountPath(t)
		path := account[:strings.LastIndexByte(account, '/')]
		empty := fault{400, "empty_string", "name", "Invalid 'name': empty string. Expected a string with minimum length 1, but got an empty string instead."}
		low := fault{400, "integer_below_min_value", "expires_in_seconds", "Invalid 'expires_in_seconds': integer below minimum value. Expected a value >= 1, but got 0 instead."}
		for _, test := range []struct {
			path, body string
			want       fault
		}{
			{path, `{}`, fault{400, "missing_required_parameter", "name", "Missing required parameter: 'name'."}},
			{path, `{"name":" "}`, empty},
			{path, `{"name":"a","role":"owner"}`, fault{400, "unknown_parameter", "role", "Unknown parameter: 'role'."}},
			{path, `{"name":"a","expires_in_seconds":0}`, low},
			{path, `{"name":"a","create_service_account_only":"yes"}`, fault{
				400, "invalid_type", "create_service_account_only", "Invalid type for 'create_service_account_only': expected a boolean, but got a string instead.",
			}},
			{account, `{"name":""}`, empty},
			{account, `{"role":"none"}`, fault{400, "invalid_value", "role", "Invalid value: 'none'. Supported values are: 'member' and 'owner'."}},
			{account + "/api_keys", `{"name":""}`, empty},
			{account + "/api_keys", `{"expires_in_seconds":0}`, low},
			{account + "/api_keys", `{"scopes":["model.request"]}`, fault{
				400, "invalid_value", "scopes", "Invalid 'scopes': this server has no scopes for keys of a project. Leave it out, and let the gateway say what the key may do.",
			}},
		} {
			checkFault(t, s.post(t, test.path, test.body), test.want)
		}
		checkFault(t, s.do(t, request{path: path + "?limit=101"}), fault{
			400, "integer_above_max_value", "limit", "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead.",
		})
	})
}

func TestUpdateServiceAccount(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		path := s.newAccountPath(t)
		before := s.do(t, request{path: path}).body
		for _, body := range []string{`{}`, `{"name":null,"role":null}`, `{"name":"worker","role":"member"}`} {
			if diff := cmp.Diff(before, s.post(t, path, body).body); diff != "" {
				t.Errorf("%s changed something:\n%s", body, diff)
			}
		}
		a := s.post(t, path, `{"name":"night worker","role":"owner"}`)
		if got := decode[api.ProjectServiceAccount](t, a); got.Name != "night worker" || got.Role != "owner" || a.header.Get("Keyreeve-Revision") == "" {
			t.Error(a.body)
		}
		if diff := cmp.Diff(a.body, s.do(t, request{path: path}).body); diff != "" {
			t.Errorf("read back (-told +read):\n%s", diff)
		}
		if got := decode[api.ProjectServiceAccount](t, s.post(t, path, `{"role":"member"}`)); got.Name != "night worker" || got.Role != "member" {
			t.Errorf("%+v", got)
		}
	})
}

func TestServiceAccountsAreListedPageByPage(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project, other := s.newProject(t), s.newProject(t)
		var all []string
		for i := range 23 {
			all = append(all, s.newAccount(t, project, fmt.Sprintf(`{"name":"account %d","create_service_account_only":true}`, i)).ID)
			s.newAccount(t, other, `{"name":"of another project","create_service_account_only":true}`)
		}
		path := accountsPath(project)
		for _, query := range []string{"", "limit=", "limit=1", "limit=7", "limit=23", "limit=100"} {
			if diff := cmp.Diff(all, listed(t, s, path, query, accountID)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
		}
		if a := s.remove(t, path+"/"+all[4]); a.status != http.StatusOK {
			t.Fatal(a.body)
		}
		page := decode[api.List[api.ProjectServiceAccount]](t, s.do(t, request{path: path + "?limit=2&after=" + all[4]}))
		if len(page.Data) != 2 || page.Data[0].ID != all[5] || !page.HasMore {
			t.Errorf("after a deleted one: %+v", page)
		}
		checkFault(t, s.do(t, request{path: path + "?after=" + project}), fault{
			400, "invalid_value", "after", "Invalid 'after': '" + project + "' is not an id of this list. Expected the id of the last element of the page before, such as 'sa_01JQ8ZK3T5V9W2X4Y6A8B0C1D2'.",
		})
	})
}

func TestServiceAccountKeyNeedsNoBody(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		path := s.newAccountPath(t) + "/api_keys"
		for body, want := range map[string]api.ProjectServiceAccountAPIKey{
			"":   {Name: "Secret Key"},
			`{}`: {Name: "Secret Key"},
			`{"name":null,"scopes":null,"expires_in_seconds":null}`: {Name: "Secret Key"},
			`{"name":"second","scopes":[],"expires_in_seconds":90}`: {Name: "second", ExpiresAt: new(int64(90))},
		} {
			a := s.post(t, path, body)
			key := decode[api.ProjectServiceAccountAPIKey](t, a)
			s.issued(key.Value)
			if key.ExpiresAt != nil {
				*key.ExpiresAt -= key.CreatedAt
			}
			want.Object, want.ID, want.Value, want.CreatedAt = api.ObjectProjectServiceAccountAPIKey, key.ID, key.Value, key.CreatedAt
			if diff := cmp.Diff(want, key); diff != "" || !strings.HasPrefix(key.Value, "sk-svcacct-") || a.header.Get("Keyreeve-Revision") == "" {
				t.Errorf("%s (-want +got):\n%s", body, diff)
			}
			if got := s.statusOf(t, seedKey{value: key.Value}); got != http.StatusForbidden {
				t.Errorf("%s: the new key is answered %d", body, got)
			}
		}
	})
}

func TestDeletedServiceAccountEndsItsKeys(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project := s.newProject(t)
		gone, kept := s.newAccount(t, project, `{"name":"gone"}`), s.newAccount(t, project, `{"name":"kept"}`)
		second := decode[api.ProjectServiceAccountAPIKey](t, s.post(t, accountsPath(project)+"/"+gone.ID+"/api_keys", ""))
		s.issued(second.Value)
		before := decode[api.List[api.AuditLog]](t, s.do(t, request{path: auditPath + "?limit=1"})).Data[0].ID
		if a := s.remove(t, accountsPath(project)+"/"+gone.ID); a.status != http.StatusOK {
			t.Fatal(a.body)
		}
		events := decode[api.List[api.AuditLog]](t, s.do(t, request{path: auditPath + "?before=" + before})).Data
		if len(events) != 1 || events[0].Type != "service_account.deleted" || events[0].ServiceAccountDeleted.ID != gone.ID || events[0].Project.ID != project {
			t.Errorf("logged %+v, want one event", events)
		}
		for range 2 {
			for value, want := range map[string]int{gone.APIKey.Value: 401, second.Value: 401, kept.APIKey.Value: 403} {
				if got := s.statusOf(t, seedKey{value: value}); got != want {
					t.Errorf("a key is answered %d, want %d", got, want)
				}
			}
			if diff := cmp.Diff([]string{kept.APIKey.ID}, listed(t, s, projectsPath+"/"+project+"/api_keys", "", projectKeyID)); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			checkFault(t, s.remove(t, accountsPath(project)+"/"+gone.ID), fault{404, "", "", "No such service account: '" + gone.ID + "'."})
			s.restart(t)
		}
	})
}

// TestServiceAccountsOfOtherProjectsAreNotThere asks for what exists, through
// another project, an archived one, and one that is none.
func TestServiceAccountsOfOtherProjectsAreNotThere(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project, other := s.newProject(t), s.newProject(t)
		account := s.newAccount(t, project, `{"name":"worker"}`)
		before := s.do(t, request{path: accountsPath(project) + "/" + account.ID}).body
		refused := func(path string, want fault) {
			t.Helper()
			checkFault(t, s.do(t, request{path: path}), want)
			checkFault(t, s.post(t, path, `{"name":"mine"}`), want)
			checkFault(t, s.post(t, path+"/api_keys", ""), want)
			checkFault(t, s.remove(t, path), want)
		}
		for _, id := range []string{account.ID, "sa_x", account.APIKey.ID, strings.ToLower(account.ID), account.ID + "0", "sa_01JQ8ZK3T5V9W2X4Y6A8B0C1D2"} {
			refused(accountsPath(other)+"/"+id, fault{404, "", "", "No such service account: '" + id + "'."})
		}
		for _, id := range []string{"proj_x", account.ID, "proj_01JQ8ZK3T5V9W2X4Y6A8B0C1D2"} {
			want := fault{404, "", "", "No such project: '" + id + "'."}
			refused(accountsPath(id)+"/"+account.ID, want)
			checkFault(t, s.do(t, request{path: accountsPath(id)}), want)
			checkFault(t, s.do(t, request{path: accountsPath(id) + "?limit=0"}), want)
			checkFault(t, s.post(t, accountsPath(id), `{"name":"mine"}`), want)
		}
		if diff := cmp.Diff(before, s.do(t, request{path: accountsPath(project) + "/" + account.ID}).body); diff != "" {
			t.Error(diff)
		}
		if got := s.statusOf(t, seedKey{value: account.APIKey.Value}); got != http.StatusForbidden {
			t.Errorf("its key is answered %d", got)
		}
	})
}

func TestServiceAccountsOfAnArchivedProjectAreReadOnly(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project := s.newProject(t)
		account := s.newAccount(t, project, `{"name":"worker"}`)
		path := accountsPath(project) + "/" + account.ID
		list, one := s.do(t, request{path: accountsPath(project)}).body, s.do(t, request{path: path}).body
		if a := s.post(t, projectsPath+"/"+project+"/archive", ""); a.status != http.StatusOK {
			t.Fatal(a.body)
		}
		archived := fault{400, "project_archived", "", "Project '" + project + "' is archived and cannot be changed any more."}
		checkFault(t, s.post(t, accountsPath(project), `{"name":"late"}`), archived)
		checkFault(t, s.post(t, path, `{"name":"late"}`), archived)
		checkFault(t, s.post(t, path+"/api_keys", ""), archived)
		checkFault(t, s.remove(t, path), archived)
		if got := s.statusOf(t, seedKey{value: account.APIKey.Value}); got != http.StatusUnauthorized {
			t.Errorf("its key is answered %d", got)
		}
		if diff := cmp.Diff([]string{list, one}, []string{s.do(t, request{path: accountsPath(project)}).body, s.do(t, request{path: path}).body}); diff != "" {
			t.Errorf("reading (-before +after):\n%s", diff)
		}
	})
}
