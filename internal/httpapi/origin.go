package httpapi

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/keyreeve/keyreeve/internal/echo"
	"github.com/keyreeve/keyreeve/internal/org"
)

// maxUserAgent bounds, in characters, what a client can put into the log.
const maxUserAgent = 256

// originOf says where a request of the API came from.
func (a *admin) originOf(r *http.Request) org.Origin { return OriginOf(r, a.TrustedProxies) }

// OriginOf says where a request came from. X-Forwarded-For counts only as far
// as trusted proxies wrote it: it is read from the end, and the first address
// that is not a trusted proxy's is the client.
func OriginOf(r *http.Request, trusted []netip.Prefix) org.Origin {
	// It is kept for good, so a key in it is masked as in a message.
	origin := org.Origin{UserAgent: echo.Text(r.UserAgent(), maxUserAgent)}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return origin // a unix socket
	}
	addr := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !trusts(trusted, addr) {
			break
		}
		next, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			break
		}
		addr = next.Unmap()
	}
	origin.IP = addr.WithZone("").String()
	return origin
}

// parseHop reads an address. Some proxies write its port behind it.
func parseHop(text string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr, true
	}
	if peer, err := netip.ParseAddrPort(text); err == nil {
		return peer.Addr(), true
	}
	inner, bracketed := strings.CutPrefix(text, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	addr, err := netip.ParseAddr(inner)
	return addr, err == nil && bracketed && closed && addr.Is6()
}

func trusts(proxies []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}
