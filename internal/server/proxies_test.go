package server_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// The log says where a change came from: the peer, or what a trusted proxy
// says of it.
func TestOriginInTheLog(t *testing.T) {
	t.Parallel()
	const forwarded = "198.51.100.1, 203.0.113.9"
	for name, tc := range map[string]struct {
		trusted []netip.Prefix
		want    string
	}{
		"no proxy is trusted":   {nil, "127.0.0.1"},
		"another is trusted":    {[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "127.0.0.1"},
		"the peer is trusted":   {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "203.0.113.9"},
		"a chain is trusted":    {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("203.0.113.0/24")}, "198.51.100.1"},
		"everything is trusted": {[]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, "198.51.100.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			cfg.TrustedProxies = tc.trusted
			s := start(t, cfg)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+keysPath, strings.NewReader(`{"name":"by proxy"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+s.key)
			req.Header.Set("X-Forwarded-For", forwarded)
			created(t, s.send(t, req))
			log := events(t, cfg.Database)
			record := string(log[len(log)-1].Record)
			if !strings.Contains(record, `"ip":"`+tc.want+`"`) {
				t.Errorf("the record does not say that it came from %s: %s", tc.want, record)
			}
		})
	}
}
