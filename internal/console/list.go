package console

import (
	"errors"
	"net/url"
	"strings"

	"github.com/keyreeve/keyreeve/internal/echo"
	"github.com/keyreeve/keyreeve/internal/org"
)

// listed is what a page of a list has around its rows.
type listed struct {
	List     string // address of the list
	What     string // is searched for; empty: nothing can be
	Archived bool   // the archived ones are among it
	Query    string // what was searched for
	Problem  string // with that
	Next     string // address of the next page; empty: none
	First    string // of the first page, when this is another one
}

type (
	lister[T any] func(org.Page) (org.ListPage[T], error)
	finder[T any] func(text string, page org.Page) (org.ListPage[T], error)
)

// readList reads the page that the address asks for, newest first: of the list or, where
// it has a q, of what is found in it. A page goes on at the id that the one before
// ended with.
func readList[T any](v *visit, l *listed, id func(T) string, list lister[T], find finder[T]) ([]T, error) {
	query, kept := v.r.URL.Query(), url.Values{}
	if l.Archived {
		kept.Set("archived", "yes")
	}
	page := org.Page{After: query.Get("after"), Descending: true, Limit: rowsOnPage}
	text := strings.TrimSpace(query.Get("q"))
	if find != nil && text != "" {
		list = func(page org.Page) (org.ListPage[T], error) { return find(text, page) }
		kept.Set("q", text)
		l.Query = echo.Value(text)
	}
	out, err := list(page)
	if problem, ok := searchProblem(err); ok && l.Query != "" {
		l.Problem, l.Query = problem, shown(text)
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if page.After != "" {
		l.First = l.address(kept)
	}
	if out.HasMore {
		kept.Set("after", id(out.Items[len(out.Items)-1]))
		l.Next = l.address(kept)
	}
	return out.Items, nil
}

func searchProblem(err error) (text string, ok bool) {
	if errors.Is(err, org.ErrSearchTime) {
		return "Two seconds were not enough to look at all names, or somebody else searched at the same time. Try again, or give the id.", true
	}
	return correctable(err)
}

func (l *listed) address(query url.Values) string {
	if len(query) == 0 {
		return l.List
	}
	return l.List + "?" + query.Encode()
}
