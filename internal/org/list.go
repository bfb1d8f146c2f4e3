package org

// MaxPage is how many elements a page of most lists may have.
const MaxPage = 100

// Page asks for part of a list.
type Page struct {
	After      string // exclusive; empty: from the start
	Descending bool   // newest first
	Limit      int
}

// ListPage is a page of a list and whether more follows.
type ListPage[T any] struct {
	Items   []T
	HasMore bool
}

// listRules says what may be asked of a list.
type listRules struct {
	prefix   string // of the ids that are its cursors
	minLimit int    // 0 or, where the contract says so, 1
}

func (r listRules) check(page Page) error {
	if page.After != "" {
		if _, ok := ParseID(r.prefix, page.After); !ok {
			return notCursor(page.After, r.prefix+"01JQ8ZK3T5V9W2X4Y6A8B0C1D2")
		}
	}
	switch {
	case page.Limit < r.minLimit:
		return belowMin("limit", int64(r.minLimit), int64(page.Limit))
	case page.Limit > MaxPage:
		return aboveMax("limit", MaxPage, int64(page.Limit))
	default:
		return nil
	}
}

// listOf checks what was asked for and reads a page. A limit of 0 gives an empty
// page that claims nothing more, since a client that follows has_more could
// never get further.
func listOf[T any](rules listRules, page Page, read func(Page) ([]T, error)) (out ListPage[T], err error) {
	if err := rules.check(page); err != nil || page.Limit == 0 {
		return out, err
	}
	want := page.Limit
	page.Limit++ // one more tells whether there is more
	items, err := read(page)
	if err != nil {
		return out, err
	}
	out.HasMore = len(items) > want
	out.Items = items[:min(len(items), want)]
	return out, nil
}
