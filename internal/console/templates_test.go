package console

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jba/templatecheck"
)

// data is what each template is given.
var data = map[string]any{
	"account":      accountPage{},
	"accounts":     accountsPage{},
	"activity":     activityPage{},
	"confirm":      confirmPage{},
	"done":         donePage{},
	"error":        errorPage{},
	"event":        eventPage{},
	"go_on":        goOnPage{},
	"invite_made":  madeInvitePage{},
	"invite_new":   newInvitePage{},
	"invites":      invitesPage{},
	"join":         joinPage{},
	"joined":       joinedPage{},
	"member":       memberPage{},
	"members":      membersPage{},
	"key":          keyPage{},
	"key_made":     madeKeyPage{},
	"key_new":      newKeyPage{},
	"key_revoke":   revokeKeyPage{},
	"key_revoked":  revokedKeyPage{},
	"keys":         keysPage{},
	"overview":     overviewPage{},
	"project":      projectPage{},
	"project_form": projectFormPage{},
	"projects":     projectsPage{},
	"sign_in":      signInPage{},
	"start":        startPage{},
	"user":         userPage{},
	"user_role":    rolePage{},
	"users":        usersPage{},
}

// TestTemplatesFitTheirData checks the types of everything that a template
// names, in branches that no page takes, too.
func TestTemplatesFitTheirData(t *testing.T) {
	t.Parallel()
	c := New(Config{})
	if diff := cmp.Diff(slices.Sorted(maps.Keys(data)), slices.Sorted(maps.Keys(c.pages))); diff != "" {
		t.Fatalf("templates (-checked +there):\n%s", diff)
	}
	for name, page := range c.pages {
		if err := templatecheck.CheckHTML(page.tmpl, data[name]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTemplatesNeedNoInlineScriptOrStyle holds them to the policy, under which
// those would silently do nothing.
func TestTemplatesNeedNoInlineScriptOrStyle(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"layout", "parts"} {
		forbidInline(t, file)
	}
	for name := range data {
		forbidInline(t, name)
	}
}

func forbidInline(t *testing.T, name string) {
	t.Helper()
	text, err := templateFiles.ReadFile("templates/" + name + ".html")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<style", " style=", " onclick", " onload", "hx-on", "hx-vals='js", "javascript:", "https://", "http-equiv"} {
		if strings.Contains(string(text), bad) {
			t.Errorf("%s.html has %q", name, bad)
		}
	}
	if strings.Count(string(text), "<script") != strings.Count(string(text), "<script src=") {
		t.Errorf("%s.html has a script of its own", name)
	}
}
