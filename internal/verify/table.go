package verify

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"

	"github.com/keyreeve/keyreeve/internal/token"
)

// table finds entries by digest. One writer at a time; readers take no lock.
//
// It is cut by the first byte of the digest into segments, each an open-addressed
// table of its own, so that making room is short work: at a million keys a
// segment has 4 000. The digest is uniform, so its bytes serve as the hash.
type table struct {
	segments [256]atomic.Pointer[segment] // nil while empty
	n        atomic.Int64                 // live entries
}

// segment has its entries in place, eight to a group, and a word of tags for
// each group. The tags of a million keys fit the processor's caches, so a
// look-up in cold memory waits for one entry and, but for one time in thirty,
// for no other.
//
// A slot is filled once: an entry that ended is marked dead, and its place is
// won back when the segment is rebuilt. A reader may therefore go on reading
// whatever it has found.
type segment struct {
	tags    []atomic.Uint64 // in byte i the tag of slot i of the group
	entries []entry
	live    int // the writer's counts
	filled  int // live and dead
}

const (
	groupSize = 8

	// Tags. From firstTag on they are bytes of digests.
	tagFree  = 0 // never filled: here a walk ends
	tagDead  = 1
	firstTag = 2
)

func tagOf(d *token.Digest) uint8 { return max(d[16], firstTag) }

// preferred is the slot that the entry of d has in its group if that was free when
// it came, as it is for two in three.
func preferred(d *token.Digest) int { return int(d[17] % groupSize) }

// home returns the group at which the walk for d begins: the digest's second
// word scaled down to the number of groups, which is no power of two.
func (s *segment) home(d *token.Digest) int {
	hi, _ := bits.Mul64(binary.LittleEndian.Uint64(d[8:]), uint64(len(s.tags)))
	return int(hi)
}

func (s *segment) next(group int) int {
	if group++; group < len(s.tags) {
		return group
	}
	return 0
}

// locate returns the slot of the live entry of d, or -1. It ends at a group
// with a free slot, and at least one slot in eight is free.
func (s *segment) locate(d *token.Digest) int {
	tag := tagOf(d)
	home := s.home(d)
	// Where the entry most likely is, asked for while the tags are on their way:
	// in cold memory a decision takes a fifth less time. The value is no matter.
	s.entries[home*groupSize+preferred(d)].used.Load()
	for group := home; ; group = s.next(group) {
		tags := s.tags[group].Load()
		for same := equal(tags, tag); same != 0; same &= same - 1 {
			slot := group*groupSize + bits.TrailingZeros64(same)/8
			if s.entries[slot].digest == *d {
				return slot
			}
		}
		if equal(tags, tagFree) != 0 {
			return -1
		}
	}
}

// equal returns a word that has the top bit set in each byte of tags that is
// tag, and no other bit.
func equal(tags uint64, tag uint8) uint64 {
	const each, low = 0x0101010101010101, 0x7f7f7f7f7f7f7f7f
	differs := tags ^ each*uint64(tag)
	return ^((differs&low + low) | differs | low)
}

// insert fills a free slot of the first group on the walk for r that has one, the
// preferred one if it can. There must be one.
func (s *segment) insert(r *record, used uint32) *entry {
	for group := s.home(&r.digest); ; group = s.next(group) {
		tags := s.tags[group].Load()
		free := equal(tags, tagFree)
		if free == 0 {
			continue
		}
		i := preferred(&r.digest)
		if free>>(8*i+7)&1 == 0 {
			i = bits.TrailingZeros64(free) / 8
		}
		e := &s.entries[group*groupSize+i]
		e.record = *r
		e.used.Store(used)
		s.live++
		s.filled++
		// Last, for the tag is what leads readers to the entry.
		s.tags[group].Store(tags | uint64(tagOf(&r.digest))<<(8*i))
		return e
	}
}

func (s *segment) kill(slot int) {
	tags, shift := &s.tags[slot/groupSize], slot%groupSize*8
	tags.Store(tags.Load()&^(0xff<<shift) | tagDead<<shift)
	s.live--
}

// full reports whether seven slots in eight are filled.
func (s *segment) full() bool { return s.filled >= len(s.entries)/8*7 }

// sparse reports whether most of the memory is of entries that ended.
func (s *segment) sparse() bool { return s.live < len(s.entries)/4 && len(s.tags) > 1 }

// newSegment returns a segment with room for so many entries, in which they
// would fill three slots in four.
func newSegment(entries int) *segment {
	const perGroup = groupSize * 3 / 4
	groups := (entries + perGroup - 1) / perGroup
	return &segment{tags: make([]atomic.Uint64, groups), entries: make([]entry, groups*groupSize)}
}

// copied returns a new segment with the live entries, and with room for so many
// in all.
func (s *segment) copied(entries int) *segment {
	c := newSegment(entries)
	for e := range s.all {
		c.insert(&e.record, e.used.Load()&^waiting)
	}
	return c
}

// find returns the live entry of d, or nil.
func (t *table) find(d *token.Digest) *entry {
	s := t.segments[d[0]].Load()
	if s == nil {
		return nil
	}
	slot := s.locate(d)
	if slot < 0 {
		return nil
	}
	return &s.entries[slot]
}

// put adds r, in place of the live entry of the same digest if there is one.
// Writer only.
func (t *table) put(r *record, used uint32) {
	if s := t.segments[r.digest[0]].Load(); s == nil || s.full() {
		t.rebuild(r.digest[0])
	}
	t.fill(r, used)
}

// load is put for a table that no reader has yet: no use is noted while a
// segment is copied.
func (t *table) load(r *record, used uint32) {
	i := r.digest[0]
	if s := t.segments[i].Load(); s == nil {
		t.segments[i].Store(newSegment(1))
	} else if s.full() {
		t.segments[i].Store(s.copied(s.live + 1))
	}
	t.fill(r, used)
}

// fill puts r into its segment, which has a free slot.
func (t *table) fill(r *record, used uint32) {
	s := t.segments[r.digest[0]].Load()
	old := s.locate(&r.digest)
	e := s.insert(r, used)
	if old < 0 {
		t.n.Add(1)
		return
	}
	// The new one lies further on the walk, so that no reader misses both.
	s.kill(old)
	e.carry(&s.entries[old])
}

// remove ends the live entry of d, if there is one. Writer only.
func (t *table) remove(d *token.Digest) {
	s := t.segments[d[0]].Load()
	if s == nil {
		return
	}
	slot := s.locate(d)
	if slot < 0 {
		return
	}
	s.kill(slot)
	t.n.Add(-1)
	if s.sparse() {
		t.rebuild(d[0])
	}
}

// rebuild replaces a segment by one with room for one entry more: memory stays
// within a third of what the entries need, for some seven copies of each while
// the table grows.
func (t *table) rebuild(i uint8) {
	old := t.segments[i].Load()
	if old == nil {
		old = new(segment)
	}
	s := old.copied(old.live + 1)
	t.segments[i].Store(s)
	// Uses noted while the entries were copied. One noted from here on sees
	// that its entry has been replaced: see uses.mark.
	for e := range old.all {
		s.entries[s.locate(&e.digest)].carry(e)
	}
}

// all yields the live entries. Writer only.
func (s *segment) all(yield func(*entry) bool) {
	for i := range s.entries {
		if s.holds(i) && !yield(&s.entries[i]) {
			return
		}
	}
}

// holds reports whether a slot has a live entry.
func (s *segment) holds(slot int) bool {
	return uint8(s.tags[slot/groupSize].Load()>>(slot%groupSize*8)) >= firstTag
}

// all yields the live entries. Writer only.
func (t *table) all(yield func(*entry) bool) {
	for i := range t.segments {
		if s := t.segments[i].Load(); s != nil {
			for e := range s.all {
				if !yield(e) {
					return
				}
			}
		}
	}
}
