package modeltest

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyreeve/keyreeve/api"
)

// machine does something random to an organization and to its model.
type machine struct {
	*world
	organization
}

// live is one organization's life.
func (w *world) live(t *rapid.T) {
	m := &machine{world: w}
	m.newProject(t)
	m.newUser(t)
	t.Repeat(map[string]func(*rapid.T){
		"":                       m.agree,
		"a user comes":           m.newUser,
		"a user gets a role":     m.setRole,
		"a user is deleted":      m.deleteUser,
		"a project is made":      m.newProject,
		"a project is archived":  m.archiveProject,
		"a member joins":         m.addMember,
		"a member gets a role":   m.setMemberRole,
		"a member leaves":        m.removeMember,
		"an account is made":     m.newAccount,
		"an account is changed":  m.updateAccount,
		"an account is deleted":  m.deleteAccount,
		"an account gets a key":  m.newAccountKey,
		"a member gets a key":    m.newMemberKey,
		"a member gets a key, 2": m.newMemberKey, // often enough that much is there to end
		"an admin key is made":   m.newAdminKey,
		"a key is deleted":       m.deleteKey,
		"a list is read":         m.readLists,
		"time passes":            m.timePasses,
		"the server restarts":    m.restart,
	})
}

// agree presents every key there ever was.
func (m *machine) agree(t *rapid.T) {
	now := m.now()
	for _, k := range m.keys {
		want := http.StatusUnauthorized
		if k.good(now) {
			want = http.StatusOK
		}
		status, header := m.present(t, k.value)
		if status != want {
			t.Fatalf("%s, which ends at %d, is answered %d at %d, want %d", m.describe(k), k.ends, status, now, want)
		}
		if status != http.StatusOK {
			continue
		}
		id, ownerType := k.owner()
		project := ""
		if k.project != nil {
			project = k.project.id
		}
		got := []string{header.Get("X-Keyreeve-Key-Id"), header.Get("X-Keyreeve-Kind"), header.Get("X-Keyreeve-Owner-Id"), header.Get("X-Keyreeve-Owner-Type"), header.Get("X-Keyreeve-Project-Id")}
		if diff := cmp.Diff([]string{k.id, k.kind, id, ownerType, project}, got); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", m.describe(k), diff)
		}
	}
}

func (m *machine) describe(k *key) string {
	id, _ := k.owner()
	text := fmt.Sprintf("%s, a key of kind %s of %s", k.id, k.kind, id)
	if k.project != nil {
		text += " in " + k.project.id
	}
	return text
}

// change asks for something, mostly with a key that may, and reports whether it
// was done. want is what a caller who may is told.
func (m *machine) change(t *rapid.T, method, path string, body any, want int, into any) bool {
	key, may := m.caller(t, method, path)
	if may != http.StatusOK {
		want = may
	}
	status, answer := m.ask(t, method, path, key, body)
	if status != want {
		t.Fatalf("%s %s is answered %d, want %d: %s", method, path, status, want, answer)
	}
	if status == http.StatusOK && into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			t.Fatal(err)
		}
	}
	return status == http.StatusOK
}

// caller draws a key to ask with, and what becomes of a change that it asks for.
func (m *machine) caller(t *rapid.T, method, path string) (value string, status int) {
	if len(m.keys) == 0 || rapid.IntRange(0, 4).Draw(t, "stranger") > 0 {
		return m.key, http.StatusOK
	}
	switch k := rapid.SampledFrom(m.keys).Draw(t, "caller"); {
	case !k.good(m.now()):
		return k.value, http.StatusUnauthorized
	case k.kind == "admin" && k.user.role == api.RoleOwner:
		return k.value, http.StatusOK
	case k.kind == "admin" && method == http.MethodDelete && path == "/admin_api_keys/"+k.id: // a reader's deletes itself
		return k.value, http.StatusOK
	default:
		return k.value, http.StatusForbidden
	}
}

// within is the status of a change of something in a project.
func within(p *project, there bool) int {
	switch {
	case p.archived:
		return http.StatusBadRequest
	case !there:
		return http.StatusNotFound
	default:
		return http.StatusOK
	}
}

// pick draws one of what there ever was.
func pick[T any](t *rapid.T, from []T, name string) T {
	if len(from) == 0 {
		t.Skip("there is none yet")
	}
	return rapid.SampledFrom(from).Draw(t, name)
}

var (
	roles        = rapid.SampledFrom([]string{api.RoleOwner, api.RoleReader})
	projectRoles = rapid.SampledFrom([]string{api.RoleOwner, api.RoleMember})
)

// lifetime draws how long a key lives. The clock is put forward by whole hours,
// so half hours keep it away from the very end of a key.
func lifetime(t *rapid.T) *int64 {
	hours := rapid.Int64Range(0, 6).Draw(t, "hours")
	if hours == 0 {
		return nil
	}
	return new(hours*3600 + 1800)
}

func (m *machine) addKey(k *key, ends *int64) {
	if ends != nil {
		k.ends = *ends
	}
	m.keys = append(m.keys, k)
}

func (m *machine) timePasses(t *rapid.T) {
	m.wait(time.Duration(rapid.IntRange(1, 3).Draw(t, "hours")) * time.Hour)
}

// restart makes the server read everything anew.
func (m *machine) restart(t *rapid.T) {
	if rapid.IntRange(0, 2).Draw(t, "not now") > 0 {
		t.Skip()
	}
	m.stop(t)
	m.start(t)
}

// readLists compares what a project has.
func (m *machine) readLists(t *rapid.T) {
	p := pick(t, m.projects, "project")
	limit := rapid.SampledFrom([]string{"", "&limit=1", "&limit=2", "&limit=100"}).Draw(t, "limit")
	for what, want := range map[string][]string{"api_keys": m.keysIn(p), "service_accounts": m.accountsIn(p), "users": p.memberIDs()} {
		var got []string
		for after := ""; ; {
			status, answer := m.ask(t, http.MethodGet, "/projects/"+p.id+"/"+what+"?after="+after+limit, m.key, nil)
			var page api.List[struct {
				ID string `json:"id"`
			}]
			if err := json.Unmarshal(answer, &page); err != nil || status != http.StatusOK {
				t.Fatalf("list %s: %d %s", what, status, answer)
			}
			for _, item := range page.Data {
				got = append(got, item.ID)
			}
			if !page.HasMore {
				break
			}
			after = *page.LastID
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s of %s (-want +got):\n%s", what, p.id, diff)
		}
	}
	for _, a := range m.accounts {
		want, role := http.StatusNotFound, ""
		if !a.gone {
			want, role = http.StatusOK, a.role
		}
		status, answer := m.ask(t, http.MethodGet, "/projects/"+a.project.id+"/service_accounts/"+a.id, m.key, nil)
		var got api.ProjectServiceAccount
		if err := json.Unmarshal(answer, &got); err != nil || status != want || got.Role != role {
			t.Fatalf("%s with the role %q is read as %d %s", a.id, role, status, answer)
		}
	}
	for _, k := range m.keys {
		path := "/admin_api_keys/" + k.id
		if k.project != nil {
			path = "/projects/" + k.project.id + "/api_keys/" + k.id
		}
		want := http.StatusNotFound
		if k.there() {
			want = http.StatusOK
		}
		if status, answer := m.ask(t, http.MethodGet, path, m.key, nil); status != want || strings.Contains(string(answer), k.value) {
			t.Fatalf("%s is read as %d %s, want %d", m.describe(k), status, answer, want)
		}
	}
}
