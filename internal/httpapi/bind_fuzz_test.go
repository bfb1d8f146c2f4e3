package httpapi

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// checkFailure demands what every refusal has: one of the statuses and a
// message that can be shown.
func checkFailure(t *testing.T, err *apiError, statuses ...int) {
	t.Helper()
	f := failureOf(err)
	switch {
	case !slices.Contains(statuses, f.Status):
		t.Errorf("status %d, want one of %v", f.Status, statuses)
	case f.Message == "" || len(f.Message) > 1000:
		t.Errorf("message of %d bytes", len(f.Message))
	case !utf8.ValidString(f.Message + f.Param + f.Code):
		t.Errorf("not UTF-8: %+v", f)
	}
}

func FuzzBindBody(f *testing.F) {
	for _, seed := range []string{
		`{"name":"x","expires_in_seconds":3600}`,
		`{"name":"x","count":1.0,"only":true,"role":"owner","tags":["a"]}`,
		`{"projects":[{"id":"p","role":"owner"}],"name":"\ud83d\ude00","channel":{"ports":[1e2]}}`,
		`{"name":"x","x":{"y":[[]]},"name":1}`,
		`[null]`, `{"name":"\ud800"}`, "\uFEFF{}", "", " ",
	} {
		f.Add([]byte(seed))
	}
	b := newBinder[createThing]()
	f.Fuzz(func(t *testing.T, body []byte) {
		got, refused := b.bind(post(string(body)))
		var oracle thing
		err := json.Unmarshal(body, &oracle, json.RejectUnknownMembers(true))
		if refused != nil {
			checkFailure(t, refused, http.StatusBadRequest, http.StatusRequestEntityTooLarge)
			return
		}
		// The library refuses numbers like 1.0, but where it reads, it reads the same.
		if diff := cmp.Diff(oracle, got.Body); err == nil && diff != "" {
			t.Fatalf("%s: not what json.Unmarshal reads:\n%s", body, diff)
		}
		text, err := json.Marshal(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		again, refused := b.bind(post(string(text)))
		if diff := cmp.Diff(got, again); refused != nil || diff != "" {
			t.Fatalf("%s, sent again as %s: %v\n%s", body, text, refused, diff)
		}
	})
}

func FuzzBindQuery(f *testing.F) {
	for _, seed := range []string{
		"after=key_1&order=desc&limit=100", "limit=&after", "emails[]=a&emails%5B%5D=b&emails=c",
		"effective_at[gt]=-5&include_archived=1&maybe=false", "limit=99999999999999999999", "limit=+5",
		"group_by=model&years=2000", "after=%zz", "after=%ff&x=1;y=2", "limit=1&limit=1",
	} {
		f.Add(seed)
	}
	b := newBinder[listThings]()
	bind := func(raw string) (listThings, *apiError) {
		r := httptest.NewRequest(http.MethodGet, "/v1/things", http.NoBody)
		r.URL.RawQuery = raw
		return b.bind(r)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := bind(raw)
		if err != nil {
			checkFailure(t, err, http.StatusBadRequest)
			return
		}
		if got.Limit < 0 || got.Limit > 100 || got.Order != "asc" && got.Order != "desc" {
			t.Fatalf("%q: out of bounds: %+v", raw, got)
		}
		again, err := bind(encodeThings(got))
		if diff := cmp.Diff(got, again); err != nil || diff != "" {
			t.Fatalf("%q: %v\n%s", raw, err, diff)
		}
	})
}

func encodeThings(l listThings) string {
	q := url.Values{
		"after":            {l.After},
		"order":            {string(l.Order)},
		"limit":            {strconv.Itoa(l.Limit)},
		"include_archived": {strconv.FormatBool(l.All)},
		"emails":           l.Emails,
		"group_by[]":       l.Groups,
	}
	for _, y := range l.Years {
		q.Add("years[]", strconv.FormatInt(y, 10))
	}
	if l.Since != nil {
		q.Set("effective_at[gt]", strconv.FormatInt(*l.Since, 10))
	}
	if l.Maybe != nil {
		q.Set("maybe", strconv.FormatBool(*l.Maybe))
	}
	return q.Encode()
}
