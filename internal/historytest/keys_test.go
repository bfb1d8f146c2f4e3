package historytest_test

import (
	"math/rand/v2"
	"sync"
)

// testKey is a key whose creation was acknowledged.
type testKey struct {
	number  int32
	id      string
	request []byte // verifies it
}

func newTestKey(number int32, id, value string) *testKey {
	return &testKey{number: number, id: id, request: []byte("GET /gateway/auth HTTP/1.1\r\nHost: keyreeve\r\nAuthorization: Bearer " + value + "\r\n\r\n")}
}

// keyring is what the clients have in common: the keys that are worth verifying.
type keyring struct {
	mu   sync.RWMutex
	next int32
	all  []*testKey
	hot  []*testKey // the last whose revocation has begun
}

const hottest = 32

// number counts one more creation.
func (r *keyring) number() int32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	return r.next - 1
}

func (r *keyring) add(k *testKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, k)
}

// heat says that k is being revoked, or was.
func (r *keyring) heat(k *testKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hot = append(r.hot, k)
	if len(r.hot) > hottest {
		r.hot = append(r.hot[:0:0], r.hot[1:]...)
	}
}

// pick returns a key to verify: mostly one around its revocation, else one of
// the newest. It is nil while there is none.
func (r *keyring) pick(random *rand.Rand) *testKey {
	r.mu.RLock()
	defer r.mu.RUnlock()
	switch {
	case len(r.hot) > 0 && random.IntN(3) > 0:
		return r.hot[random.IntN(len(r.hot))]
	case len(r.all) > 0:
		newest := r.all[max(0, len(r.all)-hottest):]
		return newest[random.IntN(len(newest))]
	default:
		return nil
	}
}
