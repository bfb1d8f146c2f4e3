package client

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxVerifications bounds the keys in a cache. At some 500 bytes each they take
// 5 MB.
const maxVerifications = 10_000

// verifications remembers good keys for a while. Only they get in, so that a
// flood of made-up ones does not push them out.
type verifications struct {
	ttl time.Duration

	mu   sync.Mutex
	keys map[[sha256.Size]byte]remembered
}

type remembered struct {
	found Verification
	until time.Time
}

// cacheID is what a key is remembered by: all of it goes in, and it cannot be
// read back out of memory.
func cacheID(key string) [sha256.Size]byte { return sha256.Sum256([]byte(key)) }

func newVerifications(ttl time.Duration) *verifications {
	return &verifications{ttl: ttl, keys: make(map[[sha256.Size]byte]remembered)}
}

func (c *verifications) get(id [sha256.Size]byte, now time.Time) (Verification, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.keys[id]
	if ok && !r.good(now) {
		delete(c.keys, id)
		return Verification{}, false
	}
	return r.found, ok
}

// good goes by two clocks: the monotonic one cannot be set back, but stands still
// while a machine sleeps, and the other the other way round.
func (r remembered) good(now time.Time) bool {
	return now.Before(r.until) && now.Round(0).Before(r.until.Round(0))
}

// put remembers what was asked for at the given time, and not beyond the key's
// expiry.
func (c *verifications) put(id [sha256.Size]byte, found Verification, asked time.Time) {
	until := asked.Add(c.ttl)
	if found.ExpiresAt != 0 {
		if left := time.Unix(found.ExpiresAt, 0).Sub(asked); left < c.ttl {
			until = asked.Add(left)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, again := c.keys[id]; !again && len(c.keys) >= maxVerifications {
		for other := range c.keys { // no order: a random one makes room
			delete(c.keys, other)
			break
		}
	}
	c.keys[id] = remembered{found, until}
}
