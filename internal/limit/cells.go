package limit

import (
	"maps"
	"sync"
	"sync/atomic"
)

// cell is what one project has used of one model.
type cell struct{ minute, day atomic.Int64 } // see Rate.Next

// A project's cells come in blocks, so that one which uses a few models of a
// large catalogue takes up little.
const blockSize = 16

type (
	block   [blockSize]cell
	project []atomic.Pointer[block]
)

// shard holds some of the projects. A reader takes no lock: the map is replaced
// by a larger copy when a project is new.
type shard struct {
	adding   sync.Mutex
	projects atomic.Pointer[map[string]project]
}

const shards = 256

// shardOf goes by the end of an id, which is random.
func (t *Table) shardOf(id string) *shard {
	var h uint32
	for i := max(0, len(id)-4); i < len(id); i++ {
		h = h*31 + uint32(id[i])
	}
	return &t.projects[h%shards]
}

func (s *shard) find(id string) (project, bool) {
	m := s.projects.Load()
	if m == nil {
		return nil, false
	}
	p, ok := (*m)[id]
	return p, ok
}

func (t *Table) cell(id string, number int) *cell {
	s := t.shardOf(id)
	p, ok := s.find(id)
	if !ok {
		p = s.add(id, len(t.defaults))
	}
	b := p[number/blockSize].Load()
	for b == nil {
		p[number/blockSize].CompareAndSwap(nil, new(block))
		b = p[number/blockSize].Load()
	}
	return &b[number%blockSize]
}

func (s *shard) add(id string, models int) project {
	s.adding.Lock()
	defer s.adding.Unlock()
	if p, ok := s.find(id); ok {
		return p
	}
	larger := make(map[string]project)
	if m := s.projects.Load(); m != nil {
		maps.Copy(larger, *m)
	}
	p := make(project, (models+blockSize-1)/blockSize)
	larger[id] = p
	s.projects.Store(&larger)
	return p
}
