package verify

import (
	"math"
	"sync/atomic"
	"unsafe"

	"github.com/keyreeve/keyreeve/internal/token"
)

// record is what is known of a live key. It holds no pointer, so the collector
// does not look inside.
type record struct {
	digest  token.Digest
	id      ulid
	expires uint32 // Unix second, 0 for never
	owner   uint32 // in contents.owners
	place   uint32 // kind in the top two bits, below them the project
}

// entry is a record in its table, where it never changes, with its last use,
// which does. It fills one cache line exactly, so a look-up in cold memory
// waits for it once.
type entry struct {
	record
	used atomic.Uint32 // see packUse
}

const _ = -uint(unsafe.Sizeof(entry{}) - 64) // does not compile at another size

const (
	placeBits   = 30
	projectMask = 1<<placeBits - 1
)

func (r *record) kind() token.Kind { return token.Kind(r.place >> placeBits) }
func (r *record) project() uint32  { return r.place & projectMask }

// expired reports whether the key has run out at the Unix second now: it is
// refused from the second of its expiry on.
func (r *record) expired(now int64) bool { return r.expires != 0 && now >= int64(r.expires) }

// packExpiry fits an expiry into a record. What lies after 2106 ends there, and
// what lies before 1970 has ended.
func packExpiry(at int64) uint32 {
	if at == 0 {
		return 0
	}
	return uint32(min(max(at, 1), math.MaxUint32))
}

// useStep is how old, in seconds, a noted use must be for the next one to be
// noted. It bounds the writes to one a minute for each key.
const useStep = 60

// entry.used is 0 for a key never used, otherwise the seconds from its creation
// to its last use, plus one. Told from the creation, a use cannot be before it,
// and 31 bits last 68 years. The top bit says that the entry is in uses.marked.
const (
	waiting = 1 << 31
	maxUsed = math.MaxInt32
)

// packUse returns the Unix second at as entry.used has it; 0 means never.
func (r *record) packUse(at int64) uint32 {
	if at == 0 {
		return 0
	}
	return uint32(min(max(at-r.id.seconds(), 0), maxUsed-1)) + 1
}

// lastUsed returns the Unix second that packUse made used from.
func (r *record) lastUsed(used uint32) int64 {
	if used &^= waiting; used != 0 {
		return r.id.seconds() + int64(used) - 1
	}
	return 0
}

// carry makes e's last use at least that of from, an earlier entry of its key.
func (e *entry) carry(from *entry) {
	used := from.used.Load() &^ waiting
	for {
		old := e.used.Load()
		if old&^waiting >= used || e.used.CompareAndSwap(old, old&waiting|used) {
			return
		}
	}
}
