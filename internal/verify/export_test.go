package verify

// Slots returns for how many keys there is memory.
func (x *Index) Slots() (n int) {
	c := x.contents.Load()
	for i := range c.keys.segments {
		if s := c.keys.segments[i].Load(); s != nil {
			n += len(s.entries)
		}
	}
	return n
}
