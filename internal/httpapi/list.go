package httpapi

import (
	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

// list renders a page in the cursor envelope: never null data, and null ids
// where there is no element.
func list[From, To any](page org.ListPage[From], render func(From) To, id func(To) string) api.List[To] {
	out := api.List[To]{Object: api.ObjectList, Data: make([]To, 0, len(page.Items)), HasMore: page.HasMore}
	for _, item := range page.Items {
		out.Data = append(out.Data, render(item))
	}
	if n := len(out.Data); n > 0 {
		first, last := id(out.Data[0]), id(out.Data[n-1])
		out.FirstID, out.LastID = &first, &last
	}
	return out
}

// timeOrNull renders a time that may not have come: 0 is null on the wire.
func timeOrNull(seconds int64) *int64 {
	if seconds == 0 {
		return nil
	}
	return &seconds
}
