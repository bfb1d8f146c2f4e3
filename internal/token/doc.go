// Package token mints, recognises and hides the key strings that Keyreeve
// issues. It is pure: no I/O, no clock, randomness comes in as a reader.
//
// A key string has three parts:
//
//	sk-admin-  43 characters of base62   6 characters of base62
//	the kind   256 random bits           CRC-32 (IEEE) of all before
//
// The checksum lets a server refuse a mistyped or made-up string before it
// hashes anything, and lets a secret scanner tell a real key from a lookalike.
// It is no protection against forgery: that is the 256 bits.
//
// Only the SHA-256 [Digest] of the whole string is ever stored. A fast hash is
// enough where the input itself has 256 bits of entropy.
package token
