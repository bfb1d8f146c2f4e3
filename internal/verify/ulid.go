package verify

import (
	"encoding/binary"
	"fmt"
)

const (
	keyPrefix = "key_"
	ulidLen   = 26
)

// ulid is a ULID in its 16 bytes: 48 bits of Unix milliseconds, 80 random ones.
type ulid [16]byte

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const notCrockford = 0xff

var fromCrockford = func() (t [256]uint8) {
	for i := range t {
		t[i] = notCrockford
	}
	for i := range len(crockford) {
		t[crockford[i]] = uint8(i)
	}
	return t
}()

// parseKeyID reads "key_" and a ULID in canonical spelling.
func parseKeyID(id string) (ulid, error) {
	if len(id) != len(keyPrefix)+ulidLen || id[:len(keyPrefix)] != keyPrefix {
		return ulid{}, fmt.Errorf("key id %q is not %s and a ULID", id, keyPrefix)
	}
	var hi, lo uint64
	for i, s := 0, id[len(keyPrefix):]; i < ulidLen; i++ {
		v := fromCrockford[s[i]]
		// 26 characters hold 130 bits: the first must leave the top two free.
		if v == notCrockford || i == 0 && v > 7 {
			return ulid{}, fmt.Errorf("key id %q is not %s and a ULID", id, keyPrefix)
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(v)
	}
	var u ulid
	binary.BigEndian.PutUint64(u[:8], hi)
	binary.BigEndian.PutUint64(u[8:], lo)
	return u, nil
}

// appendKeyID appends "key_" and the spelling of u.
func (u ulid) appendKeyID(dst []byte) []byte {
	hi, lo := binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])
	var s [ulidLen]byte
	for i := ulidLen - 1; i >= 0; i-- {
		s[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return append(append(dst, keyPrefix...), s[:]...)
}

// seconds returns the Unix second in which the id was made.
func (u *ulid) seconds() int64 {
	return int64(binary.BigEndian.Uint64(u[:8])>>16) / 1000
}

// spread is a hash: the end of a ULID is random.
func (u ulid) spread() uint64 {
	const golden = 0x9e3779b97f4a7c15
	return binary.BigEndian.Uint64(u[8:]) * golden >> 24
}
