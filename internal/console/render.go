package console

import (
	"bytes"
	"crypto/rand"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strconv"
	"strings"
	"unicode"

	"github.com/keyreeve/keyreeve/internal/org"
)

//go:embed templates/*.html
var templateFiles embed.FS

// frame is what every page has around its own part.
type frame struct {
	Title   string
	Section string // of the navigation, a path
	Who     *who   // nil: not signed in
	Write   bool   // the visitor may change things
	Form    string // makes the forms of this page differ from those of any other
	Version string
}

// who is the visitor.
type who struct{ ID, Name, Email, Role string }

// navLink is a row of the navigation.
type navLink struct {
	URL, Label string
	Current    bool
}

// frame returns what surrounds a page for somebody signed in.
func (v *visit) frame(title, section string) frame {
	f := frame{
		Title: title, Section: section, Write: v.mayWrite(), Form: rand.Text(), Version: v.Version,
		Who: &who{ID: v.caller.OwnerID, Name: v.caller.OwnerID, Role: string(v.caller.Role)},
	}
	if user, err := v.Service.GetUser(v.r.Context(), v.caller, v.caller.OwnerID); err == nil {
		f.Who.Name, f.Who.Email = user.Name, user.Email
	}
	return f
}

// page is a parsed template. Parts of it can be rendered alone, for a browser
// that asks for no more.
type page struct{ tmpl *template.Template }

// shared are the templates that all pages have.
var shared = []string{"templates/layout.html", "templates/parts.html"}

func (c *Console) loadPages() map[string]*page {
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic("console: " + err.Error())
	}
	base := template.Must(template.New("layout.html").Funcs(c.functions()).ParseFS(templateFiles, shared...))
	pages := map[string]*page{}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		tmpl := template.Must(template.Must(base.Clone()).ParseFS(templateFiles, path.Join("templates", f.Name())))
		pages[name] = &page{tmpl.Lookup("layout.html").Option("missingkey=error")}
	}
	return pages
}

// functions are what templates can call.
func (c *Console) functions() template.FuncMap {
	return template.FuncMap{
		"moment": func(at int64) moment { return moment{At: at, Now: c.now()} },
		"asset":  func(name string) string { return c.assets.url(name) },
		"link":   func(section, url, label string) navLink { return navLink{url, label, section == url} },
		"noun":   noun,
		"plural": plural,
		"number": number,
	}
}

func (c *Console) now() int64 {
	if c.Now == nil {
		return 0
	}
	return c.Now()
}

// render answers with a page.
func (v *visit) render(status int, name string, data any) error {
	return v.renderPart(status, name, "layout.html", data)
}

// renderList renders the whole page, or only its list for a script that asks.
func (v *visit) renderList(name string, data any) error {
	part := "layout.html"
	if v.r.Header.Get("HX-Request") != "" && v.r.Header.Get("HX-Request-Type") == "partial" {
		part = "list"
	}
	v.w.Header().Set("Vary", "HX-Request, HX-Request-Type")
	return v.renderPart(http.StatusOK, name, part, data)
}

func (v *visit) renderPart(status int, name, part string, data any) error {
	var out bytes.Buffer
	if err := v.pages[name].tmpl.ExecuteTemplate(&out, part, data); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	page := []byte(straight(out.String()))
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(page)))
	v.status = status
	v.w.WriteHeader(status)
	if v.r.Method != http.MethodHead {
		_, _ = v.w.Write(page) // a browser that left cannot be told
	}
	return nil
}

// straight makes what turns the direction of text visible. New names have none of
// it, but older ones, and what somebody typed, may.
func straight(text string) string {
	return strings.Map(func(r rune) rune {
		if org.TurnsText(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
