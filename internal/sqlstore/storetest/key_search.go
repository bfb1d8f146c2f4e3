package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

var searchTests = map[string]func(*testing.T, Open){
	"KeysAreListedByName":      keysAreListedByName,
	"KeysAreFoundByWhatIsSeen": keysAreFoundByWhatIsSeen,
	"FoundKeysComeInPages":     foundKeysComeInPages,
	"SearchTakesNoPatterns":    searchTakesNoPatterns,
}

func keysAreListedByName(t *testing.T, open Open) {
	w := newWorld(t, open)
	for _, name := range []string{"b", "A", "a", "Ä", "B", "a b", "a", "z"} {
		w.create(t, name, 0)
	}
	project := w.newProject(t, "p")
	w.newAccount(t, project.ID, "elsewhere") // with a key that is in no list of admin keys
	var names []string
	for place := (org.KeyPlace{}); ; {
		page, err := w.svc.ListKeysByName(t.Context(), w.owner, "", place, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range page.Items {
			names = append(names, k.Name)
			place = org.KeyPlace{Name: k.Name, ID: k.ID}
		}
		if len(page.Items) == 2 {
			w.remove(t, page.Items[1].ID) // the place stays
		}
		if !page.HasMore {
			break
		}
	}
	want := []string{"A", "a", "a", "a b", "b", "B", "First admin key", "z", "Ä"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func keysAreFoundByWhatIsSeen(t *testing.T, open Open) {
	w := newWorld(t, open)
	tail := func(redacted string) string { return redacted[len(redacted)-3:] }
	// The end of a key is looked for in names, too. Those here have no digits.
	inNoName := func(redacted string) bool { return strings.ContainsAny(tail(redacted), "0123456789") }
	deploy, other := w.create(t, "Deploy pipeline", 0), w.create(t, "other", 0)
	for !inNoName(other.Redacted) {
		w.remove(t, other.ID)
		other = w.create(t, "other", 0)
	}
	project := w.newProject(t, "p")
	account, issued := w.newAccount(t, project.ID, "recommender")
	for !inNoName(issued.Redacted) {
		if _, err := w.svc.DeleteServiceAccount(t.Context(), w.owner, project.ID, account.ID); err != nil {
			t.Fatal(err)
		}
		account, issued = w.newAccount(t, project.ID, "recommender")
	}
	for _, tt := range []struct {
		project, text string
		deep          bool
		want          []string
	}{
		{"", "dep", false, []string{deploy.ID}},
		{"", "DEPLOY p", false, []string{deploy.ID}},
		{"", "pipeline", false, nil},
		{"", "Y PIPE", true, []string{deploy.ID}},
		{"", deploy.ID, false, []string{deploy.ID}},
		{"", tail(other.Redacted), false, nil},
		{"", tail(other.Redacted), true, []string{other.ID}},
		{"", other.Redacted, true, []string{other.ID}},
		{"", "lovelace", false, nil},
		{"", "lovelace", true, []string{other.ID, deploy.ID, w.first.ID}},
		{"", "ADA@", true, []string{other.ID, deploy.ID, w.first.ID}},
		{project.ID, "lovelace", true, nil},
		{project.ID, "recommender", true, []string{issued.ID}},
		{project.ID, tail(issued.Redacted), true, []string{issued.ID}},
		{project.ID, deploy.ID, true, nil},
		{"", issued.ID, true, nil},
	} {
		found, err := w.svc.FindKeys(t.Context(), w.owner, org.KeyFilter{ProjectID: tt.project, Text: tt.text, Deep: tt.deep}, 10)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, k := range found.Items {
			ids = append(ids, k.ID)
		}
		if diff := cmp.Diff(tt.want, ids); diff != "" || found.More {
			t.Errorf("%q (deep: %v, more: %v): (-want +got):\n%s", tt.text, tt.deep, found.More, diff)
		}
	}
	page, err := w.svc.FindKeys(t.Context(), w.owner, org.KeyFilter{Text: "ada", Deep: true}, 2)
	if err != nil || len(page.Items) != 2 || !page.More {
		t.Errorf("%d keys, more: %v, %v", len(page.Items), page.More, err)
	}
	keys, err := w.svc.GetKeys(t.Context(), w.owner, []string{issued.ID, "key_gone", deploy.ID})
	if err != nil || len(keys) != 2 || keys[0].Owner.Name != "recommender" || keys[1].Owner.Name != "Ada Lovelace" {
		t.Errorf("%+v, %v", keys, err)
	}
}

// foundKeysComeInPages follows a search to its end, with pages of every size:
// first the names that begin so, by name, then the others, newest first.
func foundKeysComeInPages(t *testing.T, open Open) {
	w := newWorld(t, open)
	var names []string
	for _, name := range []string{"a key", "key c", "Key a", "no", "b key", "key b", "key"} {
		w.create(t, name, 0)
	}
	want := []string{"key", "Key a", "key b", "key c", "b key", "a key", "First admin key"}
	for size := 1; size <= len(want)+1; size++ {
		names = nil
		f := org.KeyFilter{Text: "key", Deep: true}
		for more := true; more; {
			page, err := w.svc.FindKeys(t.Context(), w.owner, f, size)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range page.Items {
				names = append(names, k.Name)
			}
			if len(page.Items) > size {
				t.Errorf("%d keys on a page of %d", len(page.Items), size)
			}
			more, f.From = page.More, page.Next
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", size, diff)
		}
	}
}

func searchTakesNoPatterns(t *testing.T, open Open) {
	w := newWorld(t, open)
	for i := range 3 {
		w.create(t, fmt.Sprintf("%d%%_\\'", i), 0)
	}
	for text, want := range map[string]int{
		"%": 3, "_": 3, "%_": 3, `\`: 3, "'": 3, "1%_": 1, "_1": 0, "%a": 0,
		"1%_\\' OR 1=1": 0, strings.Repeat("%a", 200): 0, "\u0000": 0, "\xff": 0,
	} {
		page, err := w.svc.FindKeys(t.Context(), w.owner, org.KeyFilter{Text: text, Deep: true}, 10)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if len(page.Items) != want {
			t.Errorf("%q found %d keys, want %d", text, len(page.Items), want)
		}
	}
}
