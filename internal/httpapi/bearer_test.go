package httpapi

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBearerTokenAccepts(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Bearer k":          "k",
		"bearer k":          "k",
		"BEARER    k":       "k",
		" \tBearer k \t":    "k",
		"Bearer \tk":        "k",
		"Bearer a b":        "a b", // not a key, but that is for its parser to say
		"Bearer a,Bearer b": "a,Bearer b",
	} {
		got, err := bearerToken(http.Header{"Authorization": {header}})
		if got != want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", header, got, err, want)
		}
	}
}

func TestBearerTokenRefuses(t *testing.T) {
	t.Parallel()
	const missing = "Missing bearer authentication in header"
	const several = "Expected one Authorization header, but got 2. Send the API key once."
	for _, test := range []struct {
		values []string
		want   string
	}{
		{nil, missing},
		{[]string{""}, missing},
		{[]string{" "}, missing},
		{[]string{"Bearer"}, missing},
		{[]string{"Bearer  "}, missing},
		{[]string{"sk-admin-x"}, missing},
		{[]string{"Basic dTpw"}, missing},
		{[]string{"Bearerk"}, missing},
		{[]string{"Bearer\tk"}, missing},
		{[]string{"Bearer: k"}, missing},
		{[]string{"Bearer k", "Bearer l"}, several},
		{[]string{"Bearer k", "Bearer k"}, several},
		{[]string{"", "Bearer k"}, several},
	} {
		got, err := bearerToken(http.Header{"Authorization": test.values})
		want := &failure{Status: http.StatusUnauthorized, Message: test.want}
		if diff := cmp.Diff(want, failureOf(err)); diff != "" || got != "" {
			t.Errorf("%q: %q %s", test.values, got, diff)
		}
	}
}

func TestBearerTokenAllocatesNothing(t *testing.T) {
	h := http.Header{"Authorization": {"Bearer sk-admin-x"}}
	if n := testing.AllocsPerRun(100, func() { _, _ = bearerToken(h) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzBearer(f *testing.F) {
	for _, seed := range []string{"Bearer k", "bearer  k ", "Basic dTpw", "Bearer", "Bearer \xff\x00", "\tBearer\tk"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, err := bearerToken(http.Header{"Authorization": {header}})
		if (got == "") != (err != nil) {
			t.Fatalf("%q: token %q and error %v", header, got, err)
		}
		if err != nil {
			checkFailure(t, err, http.StatusUnauthorized)
			return
		}
		again, err := bearerToken(http.Header{"Authorization": {"Bearer " + got}})
		if again != got || err != nil {
			t.Fatalf("%q: got %q, then %q, %v", header, got, again, err)
		}
	})
}
