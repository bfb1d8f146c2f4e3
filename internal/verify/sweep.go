package verify

// removeKeys ends the keys of an owner in a project. Readers go on meanwhile,
// and see each key end on its own.
func (c *contents) removeKeys(e KeysRemoved) {
	owner, ok := c.owners.number[name{e.OwnerType, e.OwnerID}]
	if !ok {
		return
	}
	project, ok := c.projects.number[name{id: e.ProjectID}]
	if !ok {
		return
	}
	c.keys.removeAll(func(r *record) bool { return r.owner == owner && r.project() == project })
}

// Sweep takes the keys of removed owners out of memory. They are refused
// already, as [Revoked]; from here on they are [Unknown], as after a restart.
// It costs next to nothing when no owner was removed since the last time.
func (x *Index) Sweep() {
	if c := x.contents.Load(); c == nil || !c.unswept.Load() {
		return
	}
	x.writing.Lock()
	defer x.writing.Unlock()
	c := x.contents.Load()
	if c == nil || !c.unswept.Swap(false) {
		return
	}
	c.keys.removeAll(func(r *record) bool { return c.owners.ended(r.owner) })
}

// removeAll ends the live entries that dead names. Writer only.
func (t *table) removeAll(dead func(*record) bool) {
	for i := range t.segments {
		s := t.segments[i].Load()
		if s == nil {
			continue
		}
		ended := s.live
		for slot := range s.entries {
			if s.holds(slot) && dead(&s.entries[slot].record) {
				s.kill(slot)
			}
		}
		ended -= s.live
		t.n.Add(int64(-ended))
		if ended > 0 && s.sparse() {
			t.rebuild(uint8(i))
		}
	}
}
