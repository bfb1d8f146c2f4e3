package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
)

func projectKeysPath(projectID string) string { return projectsPath + "/" + projectID + "/api_keys" }

func projectKeyID(k api.ProjectAPIKey) string { return k.ID }

// join makes the first owner a member of a project.
func (s *system) join(t *testing.T, projectID string) {
	t.Helper()
	decode[api.ProjectUser](t, s.post(t, membersPath(projectID), `{"role":"owner","user_id":"`+s.seed.owner.ID+`"}`))
}

// newProjectKey makes a key of the first owner, who is a member of the project.
func (s *system) newProjectKey(t *testing.T, projectID, more string) (api.ProjectAPIKeyCreateResponse, answer) {
	t.Helper()
	a := s.post(t, projectKeysPath(projectID), `{"user_id":"`+s.seed.owner.ID+`","name":"laptop"`+more+`}`)
	key := decode[api.ProjectAPIKeyCreateResponse](t, a)
	s.issued(key.Value)
	return key, a
}

// newProjectKeyPath makes a key in a new project and returns its path.
func (s *system) newProjectKeyPath(t *testing.T) string {
	t.Helper()
	projectID := s.newProject(t)
	s.join(t, projectID)
	key, _ := s.newProjectKey(t, projectID, "")
	return projectKeysPath(projectID) + "/" + key.ID
}

func TestProjectAPIKeyIsTheContractsToTheByte(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project := s.newProject(t)
		s.join(t, project)
		path := projectKeysPath(project)
		made, a := s.newProjectKey(t, project, `,"expires_in_seconds":60`)
		want := fmt.Sprintf(`{"object":"organization.project.api_key","redacted_value":"sk-proj...%s","name":"laptop","created_at":%d,"last_used_at":null,"id":%q,`+
			`"owner_project_access":"active","owner":{"type":"user","user":{"id":%q,"email":"ada@example.com","name":"Ada Lovelace","created_at":1700000000,"role":"owner"}},"expires_at":%d`,
			made.Value[len(made.Value)-3:], made.CreatedAt, made.ID, s.seed.owner.ID, made.CreatedAt+60)
		if diff := cmp.Diff(want+fmt.Sprintf(`,"value":%q}`, made.Value), a.body); diff != "" || a.header.Get("Keyreeve-Revision") == "" || !strings.HasPrefix(made.Value, "sk-proj-") {
			t.Errorf("create (-want +got):\n%s", diff)
		}
		want += "}"
		account := s.newAccount(t, project, `{"name":"worker"}`)
		if a := s.post(t, accountsPath(project)+"/"+account.ID, `{"role":"owner"}`); a.status != http.StatusOK {
			t.Fatal(a.body)
		}
		key := account.APIKey
		ofAccount := fmt.Sprintf(`{"object":"organization.project.api_key","redacted_value":"sk-svcacct...%s","name":"Secret Key","created_at":%d,"last_used_at":null,"id":%q,`+
			`"owner_project_access":"active","owner":{"type":"service_account","service_account":{"id":%q,"name":"worker","created_at":%d,"role":"owner"}},"expires_at":null}`,
			key.Value[len(key.Value)-3:], key.CreatedAt, key.ID, account.ID, account.CreatedAt)
		for id, want := range map[string]string{made.ID: want, key.ID: ofAccount} {
			if diff := cmp.Diff(want, s.do(t, request{path: path + "/" + id}).body); diff != "" {
				t.Errorf("get (-want +got):\n%s", diff)
			}
		}
		list := fmt.Sprintf(`{"object":"list","data":[%s,%s],"first_id":%q,"last_id":%q,"has_more":false}`, want, ofAccount, made.ID, key.ID)
		if diff := cmp.Diff(list, s.do(t, request{path: path}).body); diff != "" {
			t.Errorf("list (-want +got):\n%s", diff)
		}
		for _, id := range []string{made.ID, key.ID} {
			gone := `{"object":"organization.project.api_key.deleted","id":"` + id + `","deleted":true}`
			if diff := cmp.Diff(gone, s.remove(t, path+"/"+id).body); diff != "" {
				t.Errorf("delete (-want +got):\n%s", diff)
			}
		}
		if diff := cmp.Diff(`{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}`, s.do(t, request{path: path}).body); diff != "" {
			t.Errorf("empty list (-want +got):\n%s", diff)
		}
	})
}

func TestProjectAPIKeysAreOfMembers(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project, other := s.newProject(t), s.newProject(t)
		s.join(t, other)
		owner := s.seed.owner.ID
		stranger := func(id string) fault {
			return fault{400, "invalid_value", "user_id", "Invalid 'user_id': '" + id + "' is no member of project '" + project + "'. Add the user to the project first."}
		}
		path := projectKeysPath(project)
		for _, id := range []string{owner, "user_x", "user_01JQ8ZK3T5V9W2X4Y6A8B0C1D2", strings.ToLower(owner), "", "ada@example.com"} {
			checkFault(t, s.post(t, path, `{"name":"a","user_id":"`+id+`"}`), stranger(id))
		}
		s.join(t, project)
		for body, want := range map[string]fault{
			`{"name":"a"}`:                                       {400, "missing_required_parameter", "user_id", "Missing required parameter: 'user_id'."},
			`{"user_id":"` + owner + `"}`:                        {400, "missing_required_parameter", "name", "Missing required parameter: 'name'."},
			`{"user_id":"` + owner + `","name":" "}`:             {400, "empty_string", "name", "Invalid 'name': empty string. Expected a string with minimum length 1, but got an empty string instead."},
			`{"user_id":"` + owner + `","name":"a","scopes":[]}`: {400, "unknown_parameter", "scopes", "Unknown parameter: 'scopes'."},
			`{"user_id":"` + owner + `","name":"a","expires_in_seconds":31536001}`: {
				400, "integer_above_max_value", "expires_in_seconds", "Invalid 'expires_in_seconds': integer above maximum value. Expected a value <= 31536000, but got 31536001 instead.",
			},
		} {
			checkFault(t, s.post(t, path, body), want)
		}
		key, _ := s.newProjectKey(t, project, "")
		elsewhere, _ := s.newProjectKey(t, other, "")
		if a := s.remove(t, membersPath(project)+"/"+owner); a.status != http.StatusOK {
			t.Fatal(a.body)
		}
		// It ends with the membership, and does not come back with it.
		for range 2 {
			if gone, kept := s.statusOf(t, seedKey{value: key.Value}), s.statusOf(t, seedKey{value: elsewhere.Value}); gone != 401 || kept != 403 {
				t.Errorf("the key in the project is answered %d, the one in another %d", gone, kept)
			}
			checkFault(t, s.do(t, request{path: path + "/" + key.ID}), fault{404, "", "", "No such project API key: '" + key.ID + "'."})
			checkFault(t, s.post(t, path, `{"name":"a","user_id":"`+owner+`"}`), stranger(owner))
			s.restart(t)
		}
		s.join(t, project)
		again, _ := s.newProjectKey(t, project, "")
		if gone, made := s.statusOf(t, seedKey{value: key.Value}), s.statusOf(t, seedKey{value: again.Value}); gone != 401 || made != 403 {
			t.Errorf("after the member came back the old key is answered %d, a new one %d", gone, made)
		}
	})
}

func TestProjectAPIKeysAreListedPageByPage(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project, other := s.newProject(t), s.newProject(t)
		s.join(t, project)
		s.join(t, other)
		account := s.newAccount(t, project, `{"name":"worker"}`)
		all := []string{account.APIKey.ID}
		for i := range 21 {
			if s.newProjectKey(t, other, ""); i%2 == 0 {
				key, _ := s.newProjectKey(t, project, "")
				all = append(all, key.ID)
				continue
			}
			key := decode[api.ProjectServiceAccountAPIKey](t, s.post(t, accountsPath(project)+"/"+account.ID+"/api_keys", ""))
			s.issued(key.Value)
			all = append(all, key.ID)
		}
		path := projectKeysPath(project)
		for query, want := range map[string][]string{
			"": all, "limit=1": all, "limit=7": all, "limit=22": all, "limit=100": all, "owner_project_access=": all,
			"owner_project_access=active&limit=5": all, "owner_project_access=any": all, "owner_project_access=inactive": nil,
		} {
			if diff := cmp.Diff(want, listed(t, s, path, query, projectKeyID)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
		}
		if a := s.remove(t, path+"/"+all[4]); a.status != http.StatusOK {
			t.Fatal(a.body)
		}
		page := decode[api.List[api.ProjectAPIKey]](t, s.do(t, request{path: path + "?limit=2&after=" + all[4]}))
		if len(page.Data) != 2 || page.Data[0].ID != all[5] || !page.HasMore {
			t.Errorf("after a deleted one: %+v", page)
		}
		checkFault(t, s.do(t, request{path: path + "?owner_project_access=all"}), fault{
			400, "invalid_value", "owner_project_access", "Invalid value: 'all'. Supported values are: 'active', 'inactive', and 'any'.",
		})
	})
}

func TestProjectAPIKeysOfOtherProjectsAreNotThere(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project, other := s.newProject(t), s.newProject(t)
		s.join(t, project)
		key, _ := s.newProjectKey(t, project, "")
		account := s.newAccount(t, project, `{"name":"worker"}`)
		for _, id := range []string{key.ID, account.APIKey.ID, s.seed.first.id, account.ID, "key_x", key.ID + "0", "key_01JQ8ZK3T5V9W2X4Y6A8B0C1D2"} {
			want := fault{404, "", "", "No such project API key: '" + id + "'."}
			checkFault(t, s.do(t, request{path: projectKeysPath(other) + "/" + id}), want)
			checkFault(t, s.remove(t, projectKeysPath(other)+"/"+id), want)
		}
		for _, id := range []string{key.ID, account.APIKey.ID} { // nor are they admin keys
			want := fault{404, "", "", "No such admin API key: '" + id + "'."}
			checkFault(t, s.do(t, request{path: keysPath + "/" + id}), want)
			checkFault(t, s.remove(t, keysPath+"/"+id), want)
		}
		for _, id := range []string{"proj_x", key.ID, "proj_01JQ8ZK3T5V9W2X4Y6A8B0C1D2"} {
			want := fault{404, "", "", "No such project: '" + id + "'."}
			checkFault(t, s.do(t, request{path: projectKeysPath(id)}), want)
			checkFault(t, s.do(t, request{path: projectKeysPath(id) + "/" + key.ID}), want)
			checkFault(t, s.remove(t, projectKeysPath(id)+"/"+key.ID), want)
			checkFault(t, s.post(t, projectKeysPath(id), `{"name":"a","user_id":"`+s.seed.owner.ID+`"}`), want)
		}
		for _, value := range []string{key.Value, account.APIKey.Value} {
			if got := s.statusOf(t, seedKey{value: value}); got != http.StatusForbidden {
				t.Errorf("a key is answered %d", got)
			}
		}
	})
}

func TestProjectAPIKeysOfAnArchivedProjectAreReadOnly(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project := s.newProject(t)
		s.join(t, project)
		key, _ := s.newProjectKey(t, project, "")
		path := projectKeysPath(project) + "/" + key.ID
		list, one := s.do(t, request{path: projectKeysPath(project)}).body, s.do(t, request{path: path}).body
		if a := s.post(t, projectsPath+"/"+project+"/archive", ""); a.status != http.StatusOK {
			t.Fatal(a.body)
		}
		archived := fault{400, "project_archived", "", "Project '" + project + "' is archived and cannot be changed any more."}
		checkFault(t, s.post(t, projectKeysPath(project), `{"name":"a","user_id":"`+s.seed.owner.ID+`"}`), archived)
		checkFault(t, s.remove(t, path), archived)
		if got := s.statusOf(t, seedKey{value: key.Value}); got != http.StatusUnauthorized {
			t.Errorf("its key is answered %d", got)
		}
		inactive := func(body string) string {
			return strings.Replace(body, `"owner_project_access":"active"`, `"owner_project_access":"inactive"`, 1)
		}
		read := []string{s.do(t, request{path: projectKeysPath(project)}).body, s.do(t, request{path: path}).body}
		if diff := cmp.Diff([]string{inactive(list), inactive(one)}, read); diff != "" {
			t.Errorf("reading (-want +got):\n%s", diff)
		}
	})
}

// TestProjectAPIKeyRunsOut lets keys of both kinds expire: they stay listed.
func TestProjectAPIKeyRunsOut(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project := s.newProject(t)
		s.join(t, project)
		key, _ := s.newProjectKey(t, project, `,"expires_in_seconds":1`)
		account := s.newAccount(t, project, `{"name":"worker","expires_in_seconds":1}`)
		end := max(*key.ExpiresAt, *account.APIKey.ExpiresAt)
		for time.Now().Unix() < end {
			time.Sleep(20 * time.Millisecond)
		}
		for _, value := range []string{key.Value, account.APIKey.Value} {
			if got := s.statusOf(t, seedKey{value: value}); got != http.StatusUnauthorized {
				t.Errorf("a key past its end is answered %d", got)
			}
		}
		if diff := cmp.Diff([]string{key.ID, account.APIKey.ID}, listed(t, s, projectKeysPath(project), "", projectKeyID)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestProjectAPIKeyTellsItsLastUse: a use that the database does not have yet is
// told, too.
func TestProjectAPIKeyTellsItsLastUse(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project := s.newProject(t)
		s.join(t, project)
		key, _ := s.newProjectKey(t, project, "")
		account := s.newAccount(t, project, `{"name":"worker"}`)
		for id, value := range map[string]string{key.ID: key.Value, account.APIKey.ID: account.APIKey.Value} {
			one := func() api.ProjectAPIKey {
				return decode[api.ProjectAPIKey](t, s.do(t, request{path: projectKeysPath(project) + "/" + id}))
			}
			if got := one().LastUsedAt; got != nil {
				t.Errorf("before any use: %d", *got)
			}
			s.statusOf(t, seedKey{value: value})
			used := one().LastUsedAt
			if used == nil || *used < key.CreatedAt {
				t.Fatalf("after a use: %v", used)
			}
			for _, k := range decode[api.List[api.ProjectAPIKey]](t, s.do(t, request{path: projectKeysPath(project)})).Data {
				if k.ID == id && (k.LastUsedAt == nil || *k.LastUsedAt != *used) {
					t.Errorf("the list says %v, the key %d", k.LastUsedAt, *used)
				}
			}
		}
		s.restart(t)
		for _, k := range decode[api.List[api.ProjectAPIKey]](t, s.do(t, request{path: projectKeysPath(project)})).Data {
			if k.LastUsedAt == nil {
				t.Errorf("%s lost its use by a restart", k.ID)
			}
		}
	})
}
