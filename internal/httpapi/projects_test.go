package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

const projectsPath = "/v1/organization/projects"

// newProject makes a project by the API.
func (s *system) newProject(t *testing.T) (id string) {
	t.Helper()
	return decode[api.Project](t, s.post(t, projectsPath, `{"name":"a project"}`)).ID
}

// defaultProject is the one that was made at first start.
func (s *system) defaultProject(t *testing.T) api.Project {
	t.Helper()
	return decode[api.List[api.Project]](t, s.do(t, request{path: projectsPath + "?limit=1"})).Data[0]
}

func projectID(p api.Project) string { return p.ID }

func TestProjectIsTheContractsToTheByte(t *testing.T) {
	t.Parallel()
	fill := func(s *seed) { s.spare = []string{s.project("first")} }
	onBothEngines(t, fill, func(t *testing.T, s *system) {
		id := s.seed.spare[0]
		want := fmt.Sprintf(`{"id":%q,"object":"organization.project","name":"first","created_at":1700000000,"archived_at":null,"status":"active","external_key_id":null}`, id)
		if diff := cmp.Diff(want, s.do(t, request{path: projectsPath + "/" + id}).body); diff != "" {
			t.Errorf("get (-want +got):\n%s", diff)
		}
		list := fmt.Sprintf(`{"object":"list","data":[%s],"first_id":%q,"last_id":%q,"has_more":false}`, want, id, id)
		if diff := cmp.Diff(list, s.do(t, request{path: projectsPath + "?after=" + s.defaultProject(t).ID}).body); diff != "" {
			t.Errorf("list (-want +got):\n%s", diff)
		}
	})
}

func TestCreateProject(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		for body, want := range map[string]api.Project{
			`{"name":"plain"}`: {},
			`{"name":"nulls","residency":null,"external_key_id":null}`:                       {},
			`{"name":"all","residency":"EU_STORAGE_PROCESSING","external_key_id":"arn:key"}`: {Residency: "EU_STORAGE_PROCESSING", ExternalKeyID: new("arn:key")},
		} {
			a := s.post(t, projectsPath, body)
			got := decode[api.Project](t, a)
			if !strings.Contains(body, `"`+*got.Name+`"`) || *got.Status != "active" || got.ArchivedAt != nil || a.header.Get("Keyreeve-Revision") == "" {
				t.Errorf("%s: %s", body, a.body)
			}
			if diff := cmp.Diff([]any{want.Residency, want.ExternalKeyID}, []any{got.Residency, got.ExternalKeyID}); diff != "" {
				t.Errorf("%s (-want +got):\n%s", body, diff)
			}
			if read := s.do(t, request{path: projectsPath + "/" + got.ID}); read.body != a.body {
				t.Errorf("read back %s, made %s", read.body, a.body)
			}
		}
		for body, want := range map[string]fault{
			`{}`:                 {400, "missing_required_parameter", "name", "Missing required parameter: 'name'."},
			`{"name":null}`:      {400, "invalid_type", "name", "Invalid type for 'name': expected a string, but got null instead."},
			`{"name":" "}`:       {400, "empty_string", "name", "Invalid 'name': empty string. Expected a string with minimum length 1, but got an empty string instead."},
			`{"name":"a","x":1}`: {400, "unknown_parameter", "x", "Unknown parameter: 'x'."},
			`{"name":"a","external_key_id":"` + strings.Repeat("x", 257) + `"}`: {
				400, "string_above_max_length", "external_key_id",
				"Invalid 'external_key_id': string too long. Expected a string with maximum length 256, but got a string with length 257 instead.",
			},
			`{"name":"a","residency":"MARS"}`: {
				400, "invalid_value", "residency", "Invalid value: 'MARS'. Supported values are: 'GLOBAL', 'US_STORAGE_PROCESSING', 'EU_STORAGE_PROCESSING', " +
					"'JP_STORAGE', 'KR_STORAGE', 'CA_STORAGE', 'SG_STORAGE', 'IN_STORAGE', 'AU_STORAGE', 'GB_STORAGE', 'AE_STORAGE', and 'AE_STORAGE_PROCESSING'.",
			},
		} {
			checkFault(t, s.post(t, projectsPath, body), want)
		}
	})
}

func TestModifyProject(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		path := projectsPath + "/" + s.newProject(t)
		before := s.do(t, request{path: path}).body
		for _, body := range []string{`{}`, `{"name":null,"external_key_id":null}`, `{"name":"a project"}`} {
			if diff := cmp.Diff(before, s.post(t, path, body).body); diff != "" {
				t.Errorf("%s changed something:\n%s", body, diff)
			}
		}
		a := s.post(t, path, `{"name":"renamed","external_key_id":"k"}`)
		if p := decode[api.Project](t, a); *p.Name != "renamed" || *p.ExternalKeyID != "k" {
			t.Error(a.body)
		}
		if diff := cmp.Diff(a.body, s.do(t, request{path: path}).body); diff != "" {
			t.Errorf("read back (-told +read):\n%s", diff)
		}
		if p := decode[api.Project](t, s.post(t, path, `{"external_key_id":""}`)); *p.Name != "renamed" || p.ExternalKeyID != nil {
			t.Errorf("%+v", p)
		}
		checkFault(t, s.post(t, path, `{"name":""}`), fault{
			400, "empty_string", "name", "Invalid 'name': empty string. Expected a string with minimum length 1, but got an empty string instead.",
		})
	})
}

func TestArchivedProjectRefusesItsKeysForGood(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			var projects [2]string
			var keys [2]seedKey
			s := newSystemOn(t, e.database(t), func(s *seed) {
				for i := range projects {
					projects[i] = s.project(fmt.Sprint("project ", i))
					keys[i] = s.keyIn(projects[i], org.KindProject, s.owner, "a key", 0)
				}
			})
			path := projectsPath + "/" + projects[0]
			if s.statusOf(t, keys[0]) != http.StatusForbidden {
				t.Fatal("its key is not good to begin with")
			}
			a := s.post(t, path+"/archive", "")
			if p := decode[api.Project](t, a); *p.Status != "archived" || p.ArchivedAt == nil || *p.ArchivedAt < p.CreatedAt {
				t.Error(a.body)
			}
			for range 2 {
				if gone, other := s.statusOf(t, keys[0]), s.statusOf(t, keys[1]); gone != http.StatusUnauthorized || other != http.StatusForbidden {
					t.Errorf("its key is answered %d, another project's %d", gone, other)
				}
				for what, again := range map[string]answer{"read": s.do(t, request{path: path}), "archived again": s.post(t, path+"/archive", "")} {
					if again.status != http.StatusOK || again.body != a.body {
						t.Errorf("%s: %d %s", what, again.status, again.body)
					}
				}
				checkFault(t, s.post(t, path, `{"name":"b"}`), fault{400, "project_archived", "", "Project '" + projects[0] + "' is archived and cannot be changed any more."})
				s.restart(t)
			}
		})
	}
}

func TestArchivedProjectsAreListedOnRequest(t *testing.T) {
	t.Parallel()
	fill := func(s *seed) {
		for i := range 25 {
			s.spare = append(s.spare, s.project(fmt.Sprint("project ", i)))
		}
	}
	onBothEngines(t, fill, func(t *testing.T, s *system) {
		all := append([]string{s.defaultProject(t).ID}, s.seed.spare...)
		active := []string{all[0]}
		for i, id := range s.seed.spare {
			if i%3 != 0 {
				active = append(active, id)
			} else if a := s.post(t, projectsPath+"/"+id+"/archive", ""); a.status != http.StatusOK {
				t.Fatal(a.body)
			}
		}
		for query, want := range map[string][]string{
			"": active, "limit=3": active, "include_archived=false&limit=100": active, "include_archived=0": active, "include_archived=": active,
			"include_archived=true": all, "include_archived=1&limit=2": all, "limit=26&include_archived=true": all,
		} {
			if diff := cmp.Diff(want, listed(t, s, projectsPath, query, projectID)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
		}
		// The cursor of a project that was archived meanwhile resumes.
		page := decode[api.List[api.Project]](t, s.do(t, request{path: projectsPath + "?limit=1&after=" + s.seed.spare[3]}))
		if page.Data[0].ID != s.seed.spare[4] {
			t.Errorf("%+v", page)
		}
		if page := decode[api.List[api.Project]](t, s.do(t, request{path: projectsPath + "?limit=0"})); len(page.Data) != 0 || page.HasMore {
			t.Errorf("limit 0: %+v", page)
		}
	})
}

func TestDefaultProjectStaysAsItIs(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		p := s.defaultProject(t)
		if *p.Name != "Default project" {
			t.Fatalf("%+v", p)
		}
		want := fault{400, "default_project", "", "Project '" + p.ID + "' is the Default project, which can be neither modified nor archived. Create another project."}
		checkFault(t, s.post(t, projectsPath+"/"+p.ID, `{"name":"mine"}`), want)
		checkFault(t, s.post(t, projectsPath+"/"+p.ID+"/archive", ""), want)
		if diff := cmp.Diff(p, s.defaultProject(t)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestUnknownProjects(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		id := s.newProject(t)
		for _, unknown := range []string{"proj_x", s.seed.owner.ID, "proj_01JQ8ZK3T5V9W2X4Y6A8B0C1D2", strings.ToLower(id), id + "0"} {
			want := fault{404, "", "", "No such project: '" + unknown + "'."}
			checkFault(t, s.do(t, request{path: projectsPath + "/" + unknown}), want)
			checkFault(t, s.post(t, projectsPath+"/"+unknown, `{"name":"a"}`), want)
			checkFault(t, s.post(t, projectsPath+"/"+unknown+"/archive", ""), want)
		}
	})
}
