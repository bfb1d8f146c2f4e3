package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

func membersPath(projectID string) string { return projectsPath + "/" + projectID + "/users" }

func memberID(u api.ProjectUser) string { return u.ID }

// newMember makes the owner a member of a new project and returns the path.
func (s *system) newMember(t *testing.T) string {
	t.Helper()
	path := membersPath(s.newProject(t))
	member := decode[api.ProjectUser](t, s.post(t, path, `{"role":"member","user_id":"`+s.seed.owner.ID+`"}`))
	return path + "/" + member.ID
}

func TestProjectUserIsTheContractsToTheByte(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		path, id := membersPath(s.newProject(t)), s.seed.owner.ID
		a := s.post(t, path, `{"role":"member","email":"ADA@example.com","user_id":null}`)
		made := decode[api.ProjectUser](t, a)
		want := fmt.Sprintf(`{"object":"organization.project.user","id":%q,"name":"Ada Lovelace","email":"ada@example.com","role":"member","added_at":%d}`, id, made.AddedAt)
		if diff := cmp.Diff(want, a.body); diff != "" || a.header.Get("Keyreeve-Revision") == "" {
			t.Errorf("create (-want +got):\n%s", diff)
		}
		list := fmt.Sprintf(`{"object":"list","data":[%s],"first_id":%q,"last_id":%q,"has_more":false}`, want, id, id)
		if diff := cmp.Diff(list, s.do(t, request{path: path}).body); diff != "" {
			t.Errorf("list (-want +got):\n%s", diff)
		}
		for _, body := range []string{`{}`, `{"role":null}`, `{"role":"member"}`} {
			if diff := cmp.Diff(want, s.post(t, path+"/"+id, body).body); diff != "" {
				t.Errorf("%s changed something:\n%s", body, diff)
			}
		}
		want = strings.Replace(want, `"role":"member"`, `"role":"owner"`, 1)
		if diff := cmp.Diff(want, s.post(t, path+"/"+id, `{"role":"owner"}`).body); diff != "" {
			t.Errorf("modify (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, s.do(t, request{path: path + "/" + id}).body); diff != "" {
			t.Errorf("get (-want +got):\n%s", diff)
		}
		gone := `{"object":"organization.project.user.deleted","id":"` + id + `","deleted":true}`
		if diff := cmp.Diff(gone, s.remove(t, path+"/"+id).body); diff != "" {
			t.Errorf("delete (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(`{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}`, s.do(t, request{path: path}).body); diff != "" {
			t.Errorf("empty list (-want +got):\n%s", diff)
		}
	})
}

func TestProjectUsersAreListedPageByPage(t *testing.T) {
	t.Parallel()
	fill := func(s *seed) { s.spare = s.readers(23) }
	onBothEngines(t, fill, func(t *testing.T, s *system) {
		path := membersPath(s.defaultProject(t).ID) // whose members may be edited
		for _, id := range slices.Backward(s.seed.spare) {
			decode[api.ProjectUser](t, s.post(t, path, `{"role":"member","user_id":"`+id+`"}`))
		}
		for query, want := range map[string][]string{"": s.seed.spare, "limit=1": s.seed.spare, "limit=7": s.seed.spare, "limit=100": s.seed.spare} {
			if diff := cmp.Diff(want, listed(t, s, path, query, memberID)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
		}
		checkFault(t, s.do(t, request{path: path + "?limit=101"}), fault{
			400, "integer_above_max_value", "limit", "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead.",
		})
		checkFault(t, s.do(t, request{path: path + "?after=proj_x"}), fault{
			400, "invalid_value", "after", "Invalid 'after': 'proj_x' is not an id of this list. Expected the id of the last element of the page before, such as 'user_01JQ8ZK3T5V9W2X4Y6A8B0C1D2'.",
		})
	})
}

func TestProjectUserRefusals(t *testing.T) {
	t.Parallel()
	fill := func(s *seed) { s.spare = []string{s.user(org.RoleReader).ID} }
	onBothEngines(t, fill, func(t *testing.T, s *system) {
		project, id, stranger := s.newProject(t), s.seed.owner.ID, s.seed.spare[0]
		path := membersPath(project)
		decode[api.ProjectUser](t, s.post(t, path, `{"role":"member","user_id":"`+id+`"}`))
		for body, want := range map[string]fault{
			`{}`:                              {400, "missing_required_parameter", "role", "Missing required parameter: 'role'."},
			`{"role":"member"}`:               {400, "missing_required_parameter", "user_id", "Missing required parameter: 'user_id' or 'email'. Say who joins the project."},
			`{"role":"none","email":"a@b.c"}`: {400, "invalid_value", "role", "Invalid value: 'none'. Supported values are: 'owner' and 'member'."},
			`{"role":"member","user_id":"` + id + `","email":"ada@example.com"}`: {400, "invalid_value", "email", "Invalid 'email': 'user_id' is given too. Give one of the two."},
			`{"role":"owner","user_id":"` + id + `"}`:                            {400, "already_member", "", "User '" + id + "' is a member of project '" + project + "' already. Modify the member to change the role."},
			`{"role":"owner","email":"ADA@example.com"}`:                         {400, "already_member", "", "User '" + id + "' is a member of project '" + project + "' already. Modify the member to change the role."},
			`{"role":"owner","email":"bob@example.com"}`:                         {400, "invalid_value", "email", "Invalid 'email': 'bob@example.com' is no user of this organization. New users come by invites."},
			`{"role":"owner","email":"bob"}`:                                     {400, "invalid_value", "email", "Invalid 'email': 'bob' is not an e-mail address. Expected one such as 'ada@example.com'."},
			`{"role":"owner","user_id":"user_x"}`:                                {400, "invalid_value", "user_id", "Invalid 'user_id': 'user_x' is no user of this organization. New users come by invites."},
		} {
			checkFault(t, s.post(t, path, body), want)
		}
		for _, unknown := range []string{stranger, "user_x", project} {
			want := fault{404, "", "", "No such user in project '" + project + "': '" + unknown + "'."}
			checkFault(t, s.do(t, request{path: path + "/" + unknown}), want)
			checkFault(t, s.post(t, path+"/"+unknown, `{"role":"owner"}`), want)
			checkFault(t, s.remove(t, path+"/"+unknown), want)
		}
		// A member of another project is none of this one.
		other := s.newProject(t)
		checkFault(t, s.remove(t, membersPath(other)+"/"+id), fault{404, "", "", "No such user in project '" + other + "': '" + id + "'."})
		checkFault(t, s.do(t, request{path: membersPath("proj_x")}), fault{404, "", "", "No such project: 'proj_x'."})

		s.post(t, projectsPath+"/"+project+"/archive", "")
		archived := fault{400, "project_archived", "", "Project '" + project + "' is archived and cannot be changed any more."}
		checkFault(t, s.post(t, path, `{"role":"member","user_id":"`+stranger+`"}`), archived)
		checkFault(t, s.post(t, path+"/"+id, `{"role":"owner"}`), archived)
		checkFault(t, s.remove(t, path+"/"+id), archived)
		if got := listed(t, s, path, "", memberID); len(got) != 1 || s.do(t, request{path: path + "/" + id}).status != http.StatusOK {
			t.Errorf("an archived project is not read any more: %v", got)
		}
	})
}

func TestMemberWhoLeavesLosesTheKeysOfTheProjectAtOnce(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			var user string
			var projects [2]string
			var keys [3]seedKey
			s := newSystemOn(t, e.database(t), func(s *seed) {
				reader := s.user(org.RoleReader)
				user, keys[2] = reader.ID, s.key(org.KindAdmin, reader, "theirs", 0)
				for i := range projects {
					projects[i] = s.project(fmt.Sprint("project ", i))
					keys[i] = s.keyIn(projects[i], org.KindProject, reader, "a key", 0)
				}
			})
			for _, project := range projects {
				decode[api.ProjectUser](t, s.post(t, membersPath(project), `{"role":"member","user_id":"`+user+`"}`))
			}
			if a := s.remove(t, membersPath(projects[0])+"/"+user); a.status != http.StatusOK {
				t.Fatal(a.body)
			}
			for range 2 {
				got := [3]int{s.statusOf(t, keys[0]), s.statusOf(t, keys[1]), s.statusOf(t, keys[2])}
				if want := [3]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusOK}; got != want {
					t.Errorf("keys of the project, of another and of the organization are answered %v, want %v", got, want)
				}
				s.restart(t)
			}
		})
	}
}
