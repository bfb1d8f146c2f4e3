package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
)

type listThings struct {
	After  string    `query:"after"`
	Order  api.Order `query:"order,default=asc,enum=asc|desc"`
	Limit  int       `query:"limit,default=20,min=0,max=100"`
	Since  *int64    `query:"effective_at[gt]"`
	All    bool      `query:"include_archived"`
	Maybe  *bool     `query:"maybe"`
	Emails []string  `query:"emails"`
	Groups []string  `query:"group_by,enum=model|user_id|project_id"`
	Years  []int64   `query:"years,min=2000"`
}

func TestBindQueryAccepts(t *testing.T) {
	t.Parallel()
	b := newBinder[listThings]()
	for query, change := range map[string]func(*listThings){
		"":                                func(*listThings) {},
		"&&":                              func(*listThings) {},
		"x=1&x=2&limit[]=9&Limit=7":       func(*listThings) {}, // unknown keys, case-sensitive
		"after=":                          func(*listThings) {},
		"after":                           func(*listThings) {},
		"limit=&order=&maybe=&emails[]=":  func(*listThings) {},
		"after=key_1&order=desc&limit=0":  func(w *listThings) { w.After, w.Order, w.Limit = "key_1", "desc", 0 },
		"after=a%2Fb+c;d%C3%A4":           func(w *listThings) { w.After = "a/b c;dä" },
		"%6Cimit=100":                     func(w *listThings) { w.Limit = 100 },
		"limit=-0":                        func(w *listThings) { w.Limit = 0 },
		"effective_at[gt]=-5":             func(w *listThings) { w.Since = new(int64(-5)) },
		"effective_at%5Bgt%5D=0":          func(w *listThings) { w.Since = new(int64(0)) },
		"include_archived=true&maybe=0":   func(w *listThings) { w.All, w.Maybe = true, new(false) },
		"include_archived=1&maybe=false":  func(w *listThings) { w.All, w.Maybe = true, new(false) },
		"emails[]=a&emails%5B%5D=b":       func(w *listThings) { w.Emails = []string{"a", "b"} },
		"emails=a&emails=b&emails=a":      func(w *listThings) { w.Emails = []string{"a", "b", "a"} },
		"emails=a,b&emails[]=c":           func(w *listThings) { w.Emails = []string{"a,b", "c"} },
		"group_by=model&group_by=user_id": func(w *listThings) { w.Groups = []string{"model", "user_id"} },
		"years=2000&years[]=2001":         func(w *listThings) { w.Years = []int64{2000, 2001} },
	} {
		want := listThings{Order: "asc", Limit: 20}
		change(&want)
		got, err := b.bind(httptest.NewRequest(http.MethodGet, "/v1/things?"+query, http.NoBody))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", query, err, diff)
		}
	}
}

func TestBindQueryRefuses(t *testing.T) {
	t.Parallel()
	const (
		limitType = "Invalid type for 'limit': expected an integer, but got a string instead."
		above     = "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got "
		below     = "Invalid 'limit': integer below minimum value. Expected a value >= 0, but got "
		query     = "We could not parse the query string of your request. "
		percent   = query + "A percent sign must be followed by two hexadecimal digits; write a percent sign itself as %25."
		notUTF8   = query + "It holds bytes that are not UTF-8. Percent-encode the UTF-8 form of each character."
	)
	b := newBinder[listThings]()
	for raw, want := range map[string]*failure{
		"limit=abc":                  badParam("invalid_type", "limit", limitType),
		"limit=%2B5":                 badParam("invalid_type", "limit", limitType),
		"limit=+5":                   badParam("invalid_type", "limit", limitType), // a space
		"limit=5%20":                 badParam("invalid_type", "limit", limitType),
		"limit=0x5":                  badParam("invalid_type", "limit", limitType),
		"limit=007":                  badParam("invalid_type", "limit", limitType),
		"limit=-":                    badParam("invalid_type", "limit", limitType),
		"limit=1_0":                  badParam("invalid_type", "limit", limitType),
		"limit=%D9%A3":               badParam("invalid_type", "limit", limitType), // an Arabic digit
		"limit=5.0":                  badParam("invalid_type", "limit", strings.Replace(limitType, "a string", "a decimal number", 1)),
		"limit=1e2":                  badParam("invalid_type", "limit", strings.Replace(limitType, "a string", "a decimal number", 1)),
		"limit=101":                  badParam("integer_above_max_value", "limit", above+"101 instead."),
		"limit=99999999999999999999": badParam("integer_above_max_value", "limit", above+"99999999999999999999 instead."),
		"limit=-1":                   badParam("integer_below_min_value", "limit", below+"-1 instead."),
		"limit=-99999999999999999999": badParam("integer_below_min_value", "limit",
			below+"-99999999999999999999 instead."),
		"effective_at[gt]=9223372036854775808": badParam("invalid_type", "effective_at[gt]",
			"Invalid type for 'effective_at[gt]': expected a 64-bit integer, but got one outside that range instead."),
		"order=ASC":  badParam("invalid_value", "order", "Invalid value: 'ASC'. Supported values are: 'asc' and 'desc'."),
		"order=%00x": badParam("invalid_value", "order", "Invalid value: '\uFFFDx'. Supported values are: 'asc' and 'desc'."),
		"group_by[]=x": badParam("invalid_value", "group_by",
			"Invalid value: 'x'. Supported values are: 'model', 'user_id', and 'project_id'."),
		"years=2000&years=1999": badParam("integer_below_min_value", "years",
			"Invalid 'years': integer below minimum value. Expected a value >= 2000, but got 1999 instead."),
		"maybe=yes": badParam("invalid_type", "maybe", "Invalid type for 'maybe': expected a boolean, but got a string instead."),
		"maybe=True": badParam("invalid_type", "maybe",
			"Invalid type for 'maybe': expected a boolean, but got a string instead."),
		"limit=1&limit=1": badParam("duplicate_parameter", "limit",
			"Duplicate parameter: 'limit'. It takes one value: give it once."),
		"after=&after=x": badParam("duplicate_parameter", "after",
			"Duplicate parameter: 'after'. It takes one value: give it once."),
		"order=x&limit=x": badParam("invalid_value", "order", "Invalid value: 'x'. Supported values are: 'asc' and 'desc'."),
		"limit=x&order=x": badParam("invalid_type", "limit", limitType),
		"after=%zz":       badParam("", "", percent),
		"x=%":             badParam("", "", percent),
		"%2=x":            badParam("", "", percent),
		"after=%FF":       badParam("", "", notUTF8),
		"%C3=1":           badParam("", "", notUTF8),
		"after=%ED%A0%80": badParam("", "", notUTF8), // a surrogate
	} {
		r := httptest.NewRequest(http.MethodGet, "/v1/things", http.NoBody)
		r.URL.RawQuery = raw
		got, err := b.bind(r)
		if diff := cmp.Diff(want, failureOf(err)); diff != "" {
			t.Errorf("%s: %s", raw, diff)
		}
		if diff := cmp.Diff(listThings{}, got); diff != "" {
			t.Errorf("%s: a refused request is not zero: %s", raw, diff)
		}
	}
}

func TestBindQueryDemandsWhatIsRequired(t *testing.T) {
	t.Parallel()
	b := newBinder[struct {
		Start int64  `query:"start_time,required"`
		End   *int64 `query:"end_time"`
	}]()
	for _, query := range []string{"", "start_time=", "end_time=5"} {
		_, err := b.bind(httptest.NewRequest(http.MethodGet, "/v1/usage?"+query, http.NoBody))
		want := badParam("missing_required_parameter", "start_time", "Missing required parameter: 'start_time'.")
		if diff := cmp.Diff(want, failureOf(err)); diff != "" {
			t.Errorf("%q: %s", query, diff)
		}
	}
}
