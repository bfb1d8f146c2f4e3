package console

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// policy lets a page load what this server sends and nothing else. No script or
// style stands in a page itself, and nothing is evaluated.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), clipboard-write=(self)")
	h.Set("Cache-Control", "no-store")
}

func withVisit(ctx context.Context, v *visit) context.Context {
	return context.WithValue(ctx, visitKey{}, v)
}

// plainHTTP reports whether the browser most likely came by plain HTTP from
// another machine. It would not keep the session's cookie, and what is pasted
// there is read by whoever listens. Browsers send Sec-Fetch-Site only where they
// take the connection for safe; a proxy that ends TLS may say so as well. It is
// for an explanation and protects nothing.
func plainHTTP(r *http.Request) bool {
	return r.TLS == nil && r.Header.Get("Sec-Fetch-Site") == "" &&
		!strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") && !isLoopback(r.Host)
}

func isLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || strings.EqualFold(host, "localhost") || strings.HasSuffix(strings.ToLower(host), ".localhost")
}
