package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	rowName  = regexp.MustCompile(`<th scope="row">(?:<a [^>]*>)?([^<]*)<`)
	nextPage = regexp.MustCompile(`href="([^"]*)">Next page</a>`)
)

// rows are the names of a list, page by page.
func (b *browser) rows(t *testing.T, path string) (names []string) {
	t.Helper()
	for path != "" {
		page := b.get(path).want(t, http.StatusOK).body
		for _, row := range rowName.FindAllStringSubmatch(page, -1) {
			names = append(names, row[1])
		}
		path = ""
		if next := nextPage.FindStringSubmatch(page); next != nil {
			path = strings.ReplaceAll(next[1], "&amp;", "&")
		}
	}
	return names
}

func TestListsBeginWithTheNewestAndAreSearched(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	var projects, teams []string
	for i := range 60 {
		name := fmt.Sprintf("Team %02d", i)
		if i%2 == 1 {
			name = fmt.Sprintf("other %02d", i)
		} else {
			teams = append([]string{name}, teams...)
		}
		b.send("/projects/new", "name", name).want(t, http.StatusSeeOther)
		projects = append([]string{name}, projects...)
	}
	project := b.newProject("chat")
	for _, name := range []string{"recommender", "evaluation"} {
		b.send(project+"/service-accounts/new", "name", name, "bare", "on").want(t, http.StatusSeeOther)
	}
	old := b.newProject("old one")
	b.send(old+"/archive", "typed", "old one").want(t, http.StatusOK)
	b.send("/invites/new", "email", "first@example.com", "role", "reader").want(t, http.StatusOK)
	b.send("/invites/new", "email", "second@example.com", "role", "reader").want(t, http.StatusOK)
	id := func(address string) string { return address[strings.LastIndex(address, "/")+1:] }
	for path, want := range map[string][]string{
		"/projects":                           append(append([]string{"chat"}, projects...), "Default project"),
		"/projects?q=TEAM":                    teams,
		"/projects?q=" + id(project):          {"chat"},
		"/projects?q=old":                     nil,
		"/projects?archived=yes&q=old":        {"old one"},
		"/users":                              {"Charles Babbage", "Ada Lovelace"},
		"/users?q=lace":                       {"Ada Lovelace"},
		"/users?q=+charles@EXAMPLE.com+":      {"Charles Babbage"},
		"/users?q=nobody":                     nil,
		"/users?q=%00":                        nil,
		"/invites":                            {"second@example.com", "first@example.com"},
		project + "/service-accounts":         {"evaluation", "recommender"},
		project + "/service-accounts?q=mend":  {"recommender"},
		project + "/service-accounts?q=mendx": nil,
		old + "/service-accounts?q=recommend": nil,
	} {
		if diff := cmp.Diff(want, b.rows(t, path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	b.get("/projects?q=old").want(t, http.StatusOK, "“old” is in no name of an active project", `/projects?archived=yes&amp;q=old`, "All projects")
	b.get("/projects?archived=yes&q=team").want(t, http.StatusOK, `value="team"`, `name="archived"`, `href="/projects?q=team"`)
	b.get("/users?q=nobody").want(t, http.StatusOK, "No user found", "All users")
	b.get(project+"/service-accounts?q=mendx").want(t, http.StatusOK, "“mendx” is in no name in this project")
	b.get("/users?q="+url.QueryEscape(s.reader)).want(t, http.StatusOK, "looks like an API key")
	b.get("/invites").want(t, http.StatusOK, `">Ada Lovelace</a></td>`)
}
