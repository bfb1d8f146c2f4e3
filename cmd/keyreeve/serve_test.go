package main

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDatabaseIsShownWithoutItsPassword(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"keyreeve.db":                                      "keyreeve.db",
		"sqlite:/var/lib/keyreeve.db":                      "sqlite:/var/lib/keyreeve.db",
		"postgres://db/k":                                  "postgres://db/k",
		"postgres://u@h:5432/d":                            "postgres://u@h:5432/d",
		"postgres://u:secret@h:1,i:2/d":                    "postgres://u:***@h:1,i:2/d",
		"postgresql://u:s%20e@h/d?a=1&b=2":                 "postgresql://u:***@h/d?a=1&b=2",
		"postgres://u@h/d?host=/run&password=secret&a=%2F": "postgres://u@h/d?host=/run&password=***&a=%2F",
		"postgres://u@h/d?PASSWORD=secret":                 "postgres://u@h/d?PASSWORD=***",
		"postgres://u@h/d?pass%77ord=secret":               "postgres://u@h/d?pass%77ord=***",
		"postgres://u@h/d?password=se;cret":                "***",
		"postgres://u@h/d?password=se%zzcret":              "***",
		"postgres://u:se/cret@h/d":                         "***",
		"postgres://u:se?cret@h/d":                         "***",
		"postgres://u:se@cret@h/d":                         "***",
		"postgres://u:se:cret@h/d":                         "***",
		"postgres://u@h/d#password=secret":                 "***",
		"postgres:u:secret@h":                              "***",
		"host=h password=secret":                           "***",
		"PGPASSWORD=secret":                                "***",
		"mysql://u:secret@h/d":                             "***",
		"mysql:u:secret@h":                                 "***",
	} {
		if got := maskDatabase(text); got != want {
			t.Errorf("%s is shown as %s, want %s", text, got, want)
		}
	}
}

func TestProxiesInIPv6FormAreTheIPv4OnesThatTheyAre(t *testing.T) {
	t.Parallel()
	got, err := parsePrefixes([]string{"::ffff:10.0.0.1", "::ffff:10.1.0.0/112", "10.2.3.4/8", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"10.0.0.1/32", "10.1.0.0/16", "10.0.0.0/8", "::1/128"}
	if diff := cmp.Diff(want, texts(got)); diff != "" {
		t.Error(diff)
	}
}

func texts(prefixes []netip.Prefix) (out []string) {
	for _, p := range prefixes {
		out = append(out, p.String())
	}
	return out
}
