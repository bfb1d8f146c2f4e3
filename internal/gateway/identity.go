package gateway

import (
	"strconv"
	"strings"

	"github.com/keyreeve/keyreeve/internal/verify"
)

// The headers of an answer. All but the reason say who a request comes from,
// and only we may have said so: gateways drop what a client sends of them.
const (
	headerKeyID     = "X-Keyreeve-Key-Id"
	headerOwnerID   = "X-Keyreeve-Owner-Id"
	headerOwnerType = "X-Keyreeve-Owner-Type"
	headerProjectID = "X-Keyreeve-Project-Id"
	headerKind      = "X-Keyreeve-Kind"
	headerExpiresAt = "X-Keyreeve-Expires-At"
	headerReason    = "X-Keyreeve-Reason"

	// headerRemove tells Envoy which headers to remove from the request.
	headerRemove = "X-Envoy-Auth-Headers-To-Remove"
)

// identityHeader is a header of an allowed request.
type identityHeader struct {
	name  string
	lower string // as Envoy spells it

	// appendTo appends the value to dst. Some are empty: an admin key has no
	// project, and a key without an end no expiry.
	appendTo func(d *verify.Decision, dst []byte) []byte
}

var identity = [...]identityHeader{
	{headerKeyID, strings.ToLower(headerKeyID), func(d *verify.Decision, dst []byte) []byte { return d.AppendKeyID(dst) }},
	{headerOwnerID, strings.ToLower(headerOwnerID), func(d *verify.Decision, dst []byte) []byte { return append(dst, d.OwnerID()...) }},
	{headerOwnerType, strings.ToLower(headerOwnerType), func(d *verify.Decision, dst []byte) []byte { return append(dst, d.OwnerType().String()...) }},
	{headerProjectID, strings.ToLower(headerProjectID), func(d *verify.Decision, dst []byte) []byte { return append(dst, d.ProjectID()...) }},
	{headerKind, strings.ToLower(headerKind), func(d *verify.Decision, dst []byte) []byte { return append(dst, d.Kind().String()...) }},
	{headerExpiresAt, strings.ToLower(headerExpiresAt), func(d *verify.Decision, dst []byte) []byte {
		if d.ExpiresAt() == 0 {
			return dst
		}
		return strconv.AppendInt(dst, d.ExpiresAt(), 10)
	}},
}

// removed lists the headers that a client's request must lose before it goes
// on: those for keys, and those of identity that have no value to replace what
// the client may have made up.
func (g *Gate) removed(d *verify.Decision) []string {
	names := make([]string, 0, len(g.sources)+len(identity))
	for i := range g.sources {
		names = append(names, g.sources[i].Lower)
	}
	var buf [64]byte
	for i := range identity {
		if len(identity[i].appendTo(d, buf[:0])) == 0 {
			names = append(names, identity[i].lower)
		}
	}
	return names
}
