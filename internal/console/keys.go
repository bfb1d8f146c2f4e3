package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/keyreeve/keyreeve/internal/echo"
	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/token"
)

// What the pages of admin keys and those of a project's keys have in common.

// scope is where keys are: in a project, or without one in the organization.
type scope struct {
	ProjectID, ProjectName string
	Archived               bool   // the project
	Base                   string // address of the list
}

// Admin reports whether the keys are admin keys.
func (s scope) Admin() bool { return s.ProjectID == "" }

// What is the kind of key as a noun.
func (s scope) What() string {
	if s.Admin() {
		return "admin key"
	}
	return "project key"
}

// keyRow is a key as pages show it.
type keyRow struct {
	ID, Name, Redacted string
	URL                string
	Kind               org.KeyKind
	Owner              org.Owner
	CreatedAt          int64
	ExpiresAt          int64 // 0: never
	LastUsedAt         int64 // 0: not yet
	Expired            bool
	Own                bool // the visitor signed in with it
}

// OwnerName is what the owner is called, or its id where it has no name.
func (k keyRow) OwnerName() string {
	if k.Owner.Name == "" {
		return k.Owner.ID
	}
	return k.Owner.Name
}

// ServiceAccount reports whether the owner is no person.
func (k keyRow) ServiceAccount() bool { return k.Owner.Type == org.OwnerServiceAccount }

// Tail is what is shown of the end of the key's value.
func (k keyRow) Tail() string { return k.Redacted[strings.LastIndex(k.Redacted, ".")+1:] }

func (v *visit) row(s scope, k org.KeyView) keyRow {
	return keyRow{
		ID: k.ID, Name: k.Name, Redacted: k.Redacted, URL: s.Base + "/" + k.ID, Kind: k.Kind, Owner: k.Owner,
		CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt,
		Expired: !k.UsableAt(v.now()), Own: k.ID == v.caller.KeyID,
	}
}

// The orders of a list of keys.
const (
	newestFirst = "newest"
	oldestFirst = "oldest"
	byName      = "name"
)

const (
	rowsOnPage = 25
	mostFound  = 50
)

type keysPage struct {
	inProject // its project is zero for admin keys
	Scope     scope
	Query     string
	Sort      string
	Rows      []keyRow
	Problem   string
	Deep      bool   // not only the beginnings of names were searched
	Stopped   bool   // a search that took too long, so that Next goes on with it
	Busy      bool   // another one was under way
	Again     string // address to try again then
	Next      string // address of the next page; empty: none
	First     string // of the first page, when this is another one
}

// Empty reports whether there is no key at all.
func (p keysPage) Empty() bool { return len(p.Rows) == 0 && p.Query == "" && p.First == "" }

// listKeys fills a page of keys, found by what was asked for or one after the
// other. byAge reads a page in the order of creation.
func (v *visit) listKeys(s scope, in inProject, byAge func(org.Page) (org.ListPage[keyRow], error)) (keysPage, error) {
	query := v.r.URL.Query()
	p := keysPage{inProject: in, Scope: s, Query: strings.TrimSpace(query.Get("q")), Sort: query.Get("sort")}
	if p.Query != "" {
		return v.findKeys(p, query)
	}
	switch p.Sort {
	case byName:
		return v.keysByName(p, query)
	case oldestFirst:
	default:
		p.Sort = newestFirst
	}
	page, err := byAge(org.Page{After: query.Get("after"), Descending: p.Sort == newestFirst, Limit: rowsOnPage})
	if err != nil {
		return p, err
	}
	p.Rows = page.Items
	if page.HasMore {
		p.Next = p.address(url.Values{"after": {p.Rows[len(p.Rows)-1].ID}})
	}
	if query.Has("after") {
		p.First = p.address(nil)
	}
	return p, nil
}

// keysByName goes on by a name and an id: the row that a page ended with may be
// gone when the next one is asked for.
func (v *visit) keysByName(p keysPage, query url.Values) (keysPage, error) {
	place := org.KeyPlace{Name: query.Get("name"), ID: query.Get("after")}
	page, err := v.Service.ListKeysByName(v.r.Context(), v.caller, p.Scope.ProjectID, place, rowsOnPage)
	if err != nil {
		return p, err
	}
	p.Rows = v.rows(p.Scope, page.Items)
	if page.HasMore {
		last := p.Rows[len(p.Rows)-1]
		p.Next = p.address(url.Values{"after": {last.ID}, "name": {last.Name}})
	}
	if place != (org.KeyPlace{}) {
		p.First = p.address(nil)
	}
	return p, nil
}

// findKeys searches. While somebody types, a script asks for a part of the page,
// and only names are looked at: the rest may read all keys.
func (v *visit) findKeys(p keysPage, query url.Values) (keysPage, error) {
	p.Deep, p.Sort = v.r.Header.Get("HX-Request") == "", newestFirst
	from := org.SearchPlace{Name: org.KeyPlace{Name: query.Get("name"), ID: query.Get("after")}, Below: query.Get("below")}
	found, err := v.Service.FindKeys(v.r.Context(), v.caller,
		org.KeyFilter{ProjectID: p.Scope.ProjectID, Text: p.Query, Deep: p.Deep, From: from}, mostFound)
	if text, ok := correctable(err); ok {
		p.Problem, p.Query = text, "" // it was a whole key: it is not shown again
		return p, nil
	} else if err != nil {
		return p, err
	}
	asked := url.Values{"q": {p.Query}}
	if from != (org.SearchPlace{}) {
		p.First = p.address(asked)
	}
	if found.More {
		p.Next = p.address(placed(url.Values{"q": {p.Query}}, found.Next))
	}
	if p.Busy = found.Busy; p.Busy {
		p.Again, p.Next = p.address(placed(asked, from)), ""
	}
	p.Query = echo.Value(p.Query)
	p.Rows, p.Stopped = v.rows(p.Scope, found.Items), found.Stopped
	return p, nil
}

// placed adds where a search goes on.
func placed(query url.Values, at org.SearchPlace) url.Values {
	for name, value := range map[string]string{"name": at.Name.Name, "after": at.Name.ID, "below": at.Below} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

func (v *visit) rows(s scope, keys []org.KeyView) []keyRow {
	out := make([]keyRow, len(keys))
	for i, k := range keys {
		out[i] = v.row(s, k)
	}
	return out
}

func (p keysPage) address(query url.Values) string {
	if query == nil {
		query = url.Values{}
	}
	if p.Sort != newestFirst {
		query.Set("sort", p.Sort)
	}
	if len(query) == 0 {
		return p.Scope.Base
	}
	return p.Scope.Base + "?" + query.Encode()
}

// newKeyPage is the form for a new key.
type newKeyPage struct {
	frame
	Scope    scope
	Name     string
	Expiry   string // a preset's value
	Days     string // of the preset "days"
	Presets  []preset
	OwnerID  string // of a project key
	Owners   []org.ProjectUser
	Action   string // where the form goes
	Back     string // where one goes without it
	Heading  string
	Account  string // a new service account is made with the key, or the one that it is for
	Bare     bool   // a service account without a key
	Choice   bool   // whether Bare can be chosen
	Problem  string // with the whole
	Problems map[string]string
}

// preset is a choice of when a key ends.
type preset struct{ Value, Label, Hint string }

const (
	presetNever = "never"
	presetDays  = "days"
	mostDays    = org.MaxExpiresInSeconds / secondsOfDay

	secondsOfDay = 24 * 60 * 60
)

var presets = []preset{
	{"7", "7 days", "for a trial"},
	{"30", "30 days", ""},
	{"90", "90 days", "a good habit"},
	{"365", "1 year", "the longest"},
	{presetNever, "Never", "until it is revoked"},
	{presetDays, "Other", ""},
}

func (v *visit) newKey(s scope, title, section string) newKeyPage {
	return newKeyPage{
		frame: v.frame(title, section), Scope: s, Expiry: "90", Presets: presets, Problems: map[string]string{},
		Action: s.Base + "/new", Back: s.Base, Heading: title,
	}
}

// read fills the form with what was sent, and returns the lifetime in seconds,
// nil for never.
func (p *newKeyPage) read(form url.Values) (lifetime *int64) {
	p.Name, p.Expiry, p.Days, p.OwnerID = form.Get("name"), form.Get("expiry"), shown(form.Get("days")), shown(form.Get("owner"))
	if token.In(p.Name) {
		p.Name = ""
		p.Problems["name"] = "That was a key. A name is not secret: say what the key is for."
	}
	if p.Bare = p.Choice && form.Has("bare"); p.Bare {
		return nil
	}
	text, typed := p.Expiry, strings.TrimSpace(p.Days)
	switch {
	case p.Expiry == presetDays:
		text = typed
	case typed != "" && typed != p.Expiry: // without a script, typing chooses nothing
		p.Problems["days"] = "You typed days and chose something else. Now “Other” is chosen: send the form again for " + echo.Value(typed) +
			" days, or empty the field and choose."
		p.Expiry = presetDays
		return nil
	case p.Expiry == presetNever:
		return nil
	}
	days, err := strconv.ParseInt(text, 10, 32)
	if err != nil || days < 1 || days > mostDays {
		p.Problems["days"] = "Give a whole number of days from 1 to " + strconv.Itoa(mostDays) + "."
		return nil
	}
	seconds := days * secondsOfDay
	return &seconds
}

// refuse renders the form again with what was wrong, if that can be put right.
func (v *visit) refuseKey(p newKeyPage, err error) error {
	if err != nil {
		text, ok := correctable(err)
		if !ok {
			return err
		}
		switch param(err) {
		case "name":
			p.Problems["name"] = text
		default:
			p.Problem = text
		}
	}
	p.Title = "Not yet: " + p.Title
	return v.render(http.StatusUnprocessableEntity, "key_new", p)
}

// madeKeyPage shows the value of a new key, this one time.
type madeKeyPage struct {
	frame
	Scope   scope
	Key     keyRow
	Value   string
	Done    confirmation
	BaseURL string
}

// showMade answers the form with the value. There is no address under which it
// could be seen again: the answer is not stored, and the form is taken once.
func (v *visit) showMade(s scope, section string, key keyRow, secret token.Secret, commit org.Commit) error {
	return v.render(http.StatusOK, "key_made", madeKeyPage{
		frame: v.frame("Your new key", section), Scope: s, Key: key, Value: secret.Reveal(),
		Done: confirmationOf(commit), BaseURL: baseURL(v.r),
	})
}

// revokeKeyPage asks whether a key is to end.
type revokeKeyPage struct {
	frame
	Scope   scope
	Key     keyRow
	Typed   string
	Problem string
}

type revokedKeyPage struct {
	frame
	Scope scope
	Key   keyRow
	Done  confirmation
}

// revokeKey ends a key when its last characters were typed. The rest of what the
// visitor is told is of the moment before.
func (v *visit) revokeKey(p revokeKeyPage, revoke func() (org.Commit, error)) error {
	p.Typed = strings.TrimSpace(v.r.PostForm.Get("typed"))
	if p.Typed != p.Key.Tail() {
		p.Problem = "Type " + p.Key.Tail() + ", the last characters of this very key, with capitals as they are."
		p.Typed = ""
		return v.render(http.StatusUnprocessableEntity, "key_revoke", p)
	}
	commit, err := revoke()
	if text, ok := correctable(err); ok {
		p.Problem = text
		return v.render(http.StatusUnprocessableEntity, "key_revoke", p)
	} else if err != nil {
		return err
	}
	p.Title = "Revoked"
	return v.render(http.StatusOK, "key_revoked", revokedKeyPage{frame: p.frame, Scope: p.Scope, Key: p.Key, Done: confirmationOf(commit)})
}
