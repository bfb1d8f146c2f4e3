package console

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keyreeve/keyreeve/internal/token"
)

// Where somebody wanted to go before signing in.

// fromElsewhere reports whether the browser follows a link of another site, in a
// chat or a mail. It sends no cookie then that is for this site only.
func (v *visit) fromElsewhere() bool {
	return v.r.Header.Get("Sec-Fetch-Site") == "cross-site" && v.r.Header.Get("Sec-Fetch-Dest") == "document"
}

// goOnHere has the browser ask again, from a page of this site: with its cookie, if
// it has one. To look at a page changes nothing, so a link from elsewhere may do
// that.
func (v *visit) goOnHere() {
	if err := v.goOn(v.safeNext(v.r.URL.RequestURI()), "You came by a link from somewhere else."); err != nil {
		v.fail(err)
	}
}

// goOn has the browser ask for an address from a page of this site.
func (v *visit) goOn(to, why string) error {
	v.w.Header().Set("Refresh", "0; url="+to)
	return v.render(http.StatusOK, "go_on", goOnPage{frame{Title: "One moment", Version: v.Version}, to, why})
}

type goOnPage struct {
	frame
	To, Why string
}

// maxNext bounds an address to go to after signing in, in bytes.
const maxNext = 2000

// safeNext returns a page of the console to go to after signing in, with its
// query: the overview, unless somebody signed in may open the address.
func (c *Console) safeNext(address string) string {
	to, err := url.ParseRequestURI(address)
	if err != nil || len(address) > maxNext || to.Host != "" || to.Scheme != "" || to.RawPath != "" || !Owns(to.Path) || token.In(to.Path) {
		return "/"
	}
	_, pattern := c.mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: to.Path}})
	if !c.signedInPages[pattern] {
		return "/"
	}
	query := to.Query()
	query.Del("signed-in")
	for name, values := range query {
		if text := name + strings.Join(values, ""); token.In(text) || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			query.Del(name)
		}
	}
	return (&url.URL{Path: to.Path, RawQuery: query.Encode()}).String()
}

// withQuery adds a word to an address.
func withQuery(address, word string) string {
	if strings.Contains(address, "?") {
		return address + "&" + word
	}
	return address + "?" + word
}
