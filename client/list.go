package client

import (
	"errors"
	"fmt"

	"github.com/keyreeve/keyreeve/api"
)

// listBody is a list as it is read. HasMore hides the one of the envelope and
// tells absent from false: a list that ends because a member was lost would
// look complete.
type listBody[T any] struct {
	api.List[T]
	HasMore *bool `json:"has_more"`
}

// list returns the envelope of a checked body.
func (b *listBody[T]) list() *api.List[T] {
	l := b.List
	l.HasMore = *b.HasMore
	return &l
}

// checkList returns a check of the envelope and of each element. The ids of the
// first and last element may be absent, as in OpenAI's schema.
func checkList[T any](element func(*T) error) func(*listBody[T]) error {
	return func(b *listBody[T]) error {
		switch {
		case b.Object != api.ObjectList:
			return errors.New(`object is not "list"`)
		case b.Data == nil:
			return errors.New("data is missing or null")
		case b.HasMore == nil:
			return errors.New("has_more is missing or null")
		}
		for i := range b.Data {
			if err := element(&b.Data[i]); err != nil {
				return fmt.Errorf("data[%d]: %w", i, err)
			}
		}
		return nil
	}
}
