package httpapi_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/server"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

// loggedOrigin is what an event of the log says of its caller.
type loggedOrigin struct {
	IP        string `json:"ip"`
	UserAgent string `json:"user_agent"`
}

// origins stops the server and reads the callers of all changes made by it.
func (s *system) origins(t *testing.T) (found []loggedOrigin) {
	t.Helper()
	s.stop(t)
	defer s.start(t) // for the clean-up, which stops it
	store, err := sqlstore.Open(t.Context(), sqlstore.Config{Database: s.config.Database, Access: sqlstore.ReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for event, err := range store.Events(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		var record struct {
			Actor loggedOrigin `json:"actor"`
		}
		if err := json.Unmarshal(event.Record, &record); err != nil {
			t.Fatal(err)
		}
		if record.Actor.IP != "" {
			found = append(found, record.Actor)
		}
	}
	return found
}

func TestForwardedAddressesCountAsFarAsProxiesAreTrusted(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			for _, test := range []struct {
				name      string
				trusted   []string
				forwarded []string // header lines
				want      string
			}{
				{"none are trusted", nil, []string{"203.0.113.9"}, "127.0.0.1"},
				{"another is trusted", []string{"10.0.0.0/8"}, []string{"203.0.113.9"}, "127.0.0.1"},
				{"no header", []string{"127.0.0.0/8"}, nil, "127.0.0.1"},
				{"the peer is trusted", []string{"127.0.0.0/8"}, []string{"203.0.113.9"}, "203.0.113.9"},
				{"the client's own line", []string{"127.0.0.0/8"}, []string{"1.1.1.1", "203.0.113.9"}, "203.0.113.9"},
				{"the client's own hop", []string{"127.0.0.0/8"}, []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
				{"two trusted hops", []string{"127.0.0.0/8", "10.0.0.0/8"}, []string{"1.1.1.1, 203.0.113.9, 10.1.2.3"}, "203.0.113.9"},
				{"all trusted", []string{"0.0.0.0/0"}, []string{"1.1.1.1, 2.2.2.2"}, "1.1.1.1"},
				{"junk", []string{"127.0.0.0/8"}, []string{"junk"}, "127.0.0.1"},
				{"a port", []string{"127.0.0.0/8"}, []string{"203.0.113.9:5555"}, "203.0.113.9"},
				{"a port behind IPv6", []string{"127.0.0.0/8"}, []string{"[2001:db8::1]:5"}, "2001:db8::1"},
				{"brackets", []string{"127.0.0.0/8"}, []string{"[2001:db8::1]"}, "2001:db8::1"},
				{"half a bracket", []string{"127.0.0.0/8"}, []string{"[2001:db8::1"}, "127.0.0.1"},
				{"junk behind an address", []string{"127.0.0.0/8", "10.0.0.0/8"}, []string{"x, 10.1.2.3"}, "10.1.2.3"},
				{"empty", []string{"127.0.0.0/8"}, []string{""}, "127.0.0.1"},
				{"IPv6 and zone", []string{"127.0.0.0/8"}, []string{"fe80::1%eth0"}, "fe80::1"},
				{"mapped", []string{"127.0.0.0/8"}, []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
			} {
				t.Run(test.name, func(t *testing.T) {
					t.Parallel()
					config := server.Config{Database: e.database(t)}
					for _, p := range test.trusted {
						config.TrustedProxies = append(config.TrustedProxies, netip.MustParsePrefix(p))
					}
					s := newSystem(t, config, nil)
					a := s.do(t, request{
						method: http.MethodPost, path: keysPath, body: `{"name":"a"}`,
						header: http.Header{"X-Forwarded-For": test.forwarded, "User-Agent": {"tool/1.0"}},
					})
					s.issued(value(t, a))
					want := []loggedOrigin{{test.want, "tool/1.0"}}
					if diff := cmp.Diff(want, s.origins(t)); diff != "" {
						t.Errorf("(-want +got):\n%s", diff)
					}
				})
			}
		})
	}
}

func TestUserAgentIsFitForTheLog(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		key := s.seed.first.value
		agents := map[string]string{ // sent, kept
			"curl/8.5.0":                         "curl/8.5.0",
			"tool key=" + key + " (linux)":       "tool key=sk-admin" + strings.Repeat("*", len(key)-12) + key[len(key)-4:] + " (linux)",
			"a\xffb":                             "a\uFFFDb",
			strings.Repeat("ä", 300):             strings.Repeat("ä", 256) + "…",
			strings.Repeat("x", 250) + " " + key: strings.Repeat("x", 250) + " sk-ad…",
		}
		var want []loggedOrigin
		for sent, kept := range agents {
			a := s.do(t, request{method: http.MethodPost, path: keysPath, body: `{"name":"a"}`, header: http.Header{"User-Agent": {sent}}})
			s.issued(value(t, a))
			want = append(want, loggedOrigin{"127.0.0.1", kept})
		}
		got := s.origins(t)
		for i := range got {
			if s.leaks(got[i].UserAgent) {
				t.Fatal("the log of events holds a key's value") // not printed
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
