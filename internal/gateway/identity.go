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

	// headerModel is what a gateway says that a request is for.
	headerModel = "X-Keyreeve-Model"

	// headerStale is on an answer given in the grace after a lease: the key was
	// good when this server last heard of the database.
	headerStale = "Keyreeve-Stale"
	staleGrace  = "grace"

	// headerRemove tells Envoy which headers to remove from the request.
	headerRemove = "X-Envoy-Auth-Headers-To-Remove"
)

// identityHeader is a header of an allowed request.
type identityHeader struct {
	line  string // its beginning in an answer, behind the end of the line before
	lower string // as Envoy spells it
	field identityField
}

type identityField int

const (
	fieldKeyID identityField = iota
	fieldOwnerID
	fieldOwnerType
	fieldProjectID
	fieldKind
	fieldExpiresAt
)

var identity = [...]identityHeader{
	{"\r\n" + headerKeyID + ": ", strings.ToLower(headerKeyID), fieldKeyID},
	{"\r\n" + headerOwnerID + ": ", strings.ToLower(headerOwnerID), fieldOwnerID},
	{"\r\n" + headerOwnerType + ": ", strings.ToLower(headerOwnerType), fieldOwnerType},
	{"\r\n" + headerProjectID + ": ", strings.ToLower(headerProjectID), fieldProjectID},
	{"\r\n" + headerKind + ": ", strings.ToLower(headerKind), fieldKind},
	{"\r\n" + headerExpiresAt + ": ", strings.ToLower(headerExpiresAt), fieldExpiresAt},
}

// appendTo appends the value of the field to dst. Some are empty: an admin key
// has no project, and a key without an end no expiry. It is no function in the
// table because whatever such a one is given is allocated.
func (f identityField) appendTo(dst []byte, d *verify.Decision) []byte {
	switch f {
	case fieldKeyID:
		return d.AppendKeyID(dst)
	case fieldOwnerID:
		return append(dst, d.OwnerID()...)
	case fieldOwnerType:
		return append(dst, d.OwnerType().String()...)
	case fieldProjectID:
		return append(dst, d.ProjectID()...)
	case fieldKind:
		return append(dst, d.Kind().String()...)
	case fieldExpiresAt:
		if at := d.ExpiresAt(); at != 0 {
			return strconv.AppendInt(dst, at, 10)
		}
	}
	return dst
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
		if len(identity[i].field.appendTo(buf[:0], d)) == 0 {
			names = append(names, identity[i].lower)
		}
	}
	return names
}
