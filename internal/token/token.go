package token

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"unsafe"
)

const (
	alphabet  = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	randomLen = 43 // 62^43 > 2^256
	sumLen    = 6  // 62^6 > 2^32, so no two checksums share a spelling

	// mark is what secret scanners know a real OpenAI key by, and on which
	// they report it to OpenAI. None of ours may carry it.
	mark = "T3BlbkFJ"

	maxReads = 64 // of the random source in one Mint; 3 or 4 are usual
)

// notBase62 is the bit that marks, in base62, a byte that is not of the
// alphabet. No value of one that is has it.
const notBase62 = 0x80

// base62 maps a byte to its value in the alphabet.
var base62 = func() (t [256]uint8) {
	for i := range t {
		t[i] = notBase62
	}
	for i := range len(alphabet) {
		t[alphabet[i]] = uint8(i)
	}
	return t
}()

// Digest is the SHA-256 of a whole key string: the only form in which a key is
// stored and looked up.
type Digest [sha256.Size]byte

// Sum returns the digest of s, whatever s is. It does not allocate.
func Sum(s string) Digest { return sha256.Sum256(readOnly(s)) }

// Mint draws a new key of the given kind from rand, which must be
// cryptographically secure. It fails when rand does, when rand keeps giving
// bytes that are no use, or when kind is none of the declared ones.
func Mint(kind Kind, rand io.Reader) (Secret, error) {
	prefix := kind.Prefix()
	if prefix == "" {
		return Secret{}, fmt.Errorf("mint key: no such kind: %d", kind)
	}
	var draw [randomLen]byte
	body := make([]byte, 0, len(prefix)+randomLen+sumLen)
	body = append(body, prefix...)
	// The number of reads is bounded, so that a broken source is an error and
	// not a hang.
	for range maxReads {
		want := draw[:len(prefix)+randomLen-len(body)]
		if _, err := io.ReadFull(rand, want); err != nil {
			return Secret{}, fmt.Errorf("mint %s key: %w", kind, err)
		}
		body = appendBase62(body, want)
		if len(body) < len(prefix)+randomLen {
			continue
		}
		sum := checksum(crc32.ChecksumIEEE(body))
		value := string(append(body, sum[:]...))
		if !strings.Contains(value, mark) {
			return Secret{value: &value}, nil
		}
		body = body[:len(prefix)]
	}
	return Secret{}, fmt.Errorf("mint %s key: %w", kind, errStuck)
}

var errStuck = errors.New("the random source is stuck")

// appendBase62 appends one character for each usable byte of draw. The bytes
// from 248 up are dropped: 256 is no multiple of 62, and keeping them would
// make the first characters of the alphabet likelier than the rest.
func appendBase62(dst, draw []byte) []byte {
	const limit = 256 - 256%len(alphabet)
	for _, b := range draw {
		if int(b) < limit {
			dst = append(dst, alphabet[int(b)%len(alphabet)])
		}
	}
	return dst
}

// checksum spells crc in base62, most significant character first, padded with
// zeros.
func checksum(crc uint32) (sum [sumLen]byte) {
	const base = uint32(len(alphabet))
	for i := sumLen - 1; i >= 0; i-- {
		sum[i] = alphabet[crc%base]
		crc /= base
	}
	return sum
}

// Parse reports whether s is exactly a key string that [Mint] could have
// returned, and its kind. Nothing is trimmed or folded. A true result says
// nothing about whether such a key was ever issued. It does not allocate.
func Parse(s string) (Kind, bool) {
	kind, ok := Checked(s)
	if !ok || strings.Contains(s, mark) {
		return KindUnknown, false
	}
	var bad uint8 // gathered, not branched on: a good key is the usual case
	for i := len(kind.Prefix()); i < len(s)-sumLen; i++ {
		bad |= base62[s[i]]
	}
	if bad >= notBase62 {
		return KindUnknown, false
	}
	return kind, true
}

// Checked reports whether s has a prefix, the length and the checksum of a key,
// and its kind. It is what [Parse] does without a look at each character: a
// string that Parse would refuse and Checked does not was never issued, so to
// whoever looks it up next it is unknown. It takes half the time and does not
// allocate.
func Checked(s string) (Kind, bool) {
	kind := kindOf(s)
	if kind == KindUnknown || len(s) != len(kind.Prefix())+randomLen+sumLen {
		return KindUnknown, false
	}
	body := s[:len(s)-sumLen]
	var bad uint8
	var sum uint64
	for i := len(body); i < len(s); i++ {
		v := base62[s[i]]
		bad |= v
		sum = sum*uint64(len(alphabet)) + uint64(v)
	}
	if bad >= notBase62 || sum != uint64(crc32.ChecksumIEEE(readOnly(body))) {
		return KindUnknown, false
	}
	return kind, true
}

// readOnly views s as bytes without copying. The hash functions reach their
// assembly through function variables, so the compiler cannot see that they
// only read, and a plain conversion would allocate on every verification.
func readOnly(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) } //nolint:gosec // nothing is written to it
