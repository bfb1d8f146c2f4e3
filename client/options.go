package client

import (
	"errors"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

// An Option changes what [New] sets up.
type Option func(*config)

type config struct {
	http       *http.Client
	maxRetries int
	timeout    time.Duration
	userAgent  string
}

// WithHTTPClient sends requests through a copy of hc, for a transport of one's
// own: another proxy, client certificates, tracing. Its CheckRedirect is
// replaced, because redirects are never followed.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) { c.http = hc }
}

// WithMaxRetries sets how often a GET or DELETE is tried again after its first
// attempt. The default is 2, and 0 means never.
func WithMaxRetries(n int) Option {
	return func(c *config) { c.maxRetries = n }
}

// WithTimeout bounds each attempt, from dialling to the end of the body. The
// default is 30 seconds, and 0 leaves only the bound of the caller's context.
func WithTimeout(d time.Duration) Option {
	return func(c *config) { c.timeout = d }
}

// WithUserAgent replaces the User-Agent header, keyreeve-go/VERSION.
func WithUserAgent(ua string) Option {
	return func(c *config) { c.userAgent = ua }
}

func newConfig(opts []Option) (config, error) {
	c := config{
		http:       &http.Client{Transport: newTransport()},
		maxRetries: 2,
		timeout:    30 * time.Second,
		userAgent:  "keyreeve-go/" + version(),
	}
	for _, o := range opts {
		o(&c)
	}
	switch {
	case c.http == nil:
		return config{}, errors.New("HTTP client is nil")
	case c.maxRetries < 0:
		return config{}, errors.New("number of retries is negative")
	case c.timeout < 0:
		return config{}, errors.New("timeout is negative")
	case !printableASCII(c.userAgent):
		return config{}, errors.New("user agent must be printable ASCII and not empty")
	}
	hc := *c.http
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &hc
	return c, nil
}

// newTransport gives each client a pool of its own, so that closing it takes
// nothing from the rest of the program.
func newTransport() *http.Transport {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if d, ok := http.DefaultTransport.(*http.Transport); ok {
		t = d.Clone()
	}
	t.DialContext = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	t.TLSHandshakeTimeout = 10 * time.Second
	t.MaxIdleConnsPerHost = 16
	// Well below the 60 seconds after which servers commonly close: a POST
	// that meets a closing connection cannot be repeated.
	t.IdleConnTimeout = 30 * time.Second
	return t
}

// version returns the version of this module in the running program, or
// "devel" where it was not built from a released one.
func version() string {
	const module = "github.com/keyreeve/keyreeve"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module && m.Version != "" && m.Version != "(devel)" {
			return m.Version
		}
	}
	return "devel"
}

func printableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
