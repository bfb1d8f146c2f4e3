package org

import (
	"fmt"
	"io"
	"strings"

	"github.com/oklog/ulid/v2"
)

// The prefixes of ids. An id is a prefix and a ULID.
const (
	PrefixOrganization   = "org_"
	PrefixUser           = "user_"
	PrefixServiceAccount = "sa_"
	PrefixProject        = "proj_"
	PrefixInvite         = "invite_"
	PrefixKey            = "key_"
	PrefixEvent          = "event_"
)

// ID is a prefix and a ULID that was minted under the log's lock. Ids of one
// database sort in commit order, which makes each its own page cursor.
type ID string

// NextULID returns the ULID that follows last in the log: strictly greater,
// and carrying the later of nowMillis and last's own time. Within one
// millisecond, or while the clock is behind, it counts last up by a random
// step, so that neighbours are not guessed by adding one.
func NextULID(last ulid.ULID, nowMillis uint64, random io.Reader) (ulid.ULID, error) {
	next := last
	if nowMillis > last.Time() {
		if err := next.SetTime(nowMillis); err != nil {
			return ulid.ULID{}, fmt.Errorf("mint an id: clock reads %d ms: %w", nowMillis, err)
		}
		if _, err := io.ReadFull(random, next[6:]); err != nil {
			return ulid.ULID{}, fmt.Errorf("mint an id: %w", err)
		}
		// Half of the range is left for counting up, so that it cannot run out.
		next[6] &= 0x7f
		return next, nil
	}
	var step [4]byte
	if _, err := io.ReadFull(random, step[:]); err != nil {
		return ulid.ULID{}, fmt.Errorf("mint an id: %w", err)
	}
	step[3] |= 1 // never zero
	carry := 0
	for i, j := len(next)-1, len(step)-1; i >= 0; i, j = i-1, j-1 {
		sum := int(next[i]) + carry
		if j >= 0 {
			sum += int(step[j])
		}
		next[i], carry = byte(sum), sum>>8
		if j < 0 && carry == 0 {
			break
		}
	}
	return next, nil
}

// ParseID returns the ULID of an id with the given prefix. Only the canonical
// form (26 characters of upper-case Crockford base32) is one: ids are compared
// as bytes everywhere.
func ParseID(prefix, id string) (ulid.ULID, bool) {
	text, ok := strings.CutPrefix(id, prefix)
	if !ok {
		return ulid.ULID{}, false
	}
	u, err := ulid.ParseStrict(text)
	if err != nil || u.String() != text {
		return ulid.ULID{}, false
	}
	return u, true
}

// String returns the id as text.
func (id ID) String() string { return string(id) }
