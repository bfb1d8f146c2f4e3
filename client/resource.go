package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/keyreeve/keyreeve/api"
)

// A kind is what the client knows of one kind of object: how errors name it,
// which parameter is its id, and what is demanded of one that a server sends.
// What all kinds have in common is in this file; the file of a resource says
// what it has to itself.
type kind[T any] struct {
	name    string // "admin API key"; its plural ends in s
	param   string // of its id in a path, as the contract names it: key_id
	deleted string // object of the answer to a deletion
	id      func(*T) string
	check   func(*T) error
}

// opList and the others are what errors say was being done.
func (k kind[T]) opList() string   { return "list " + k.name + "s" }
func (k kind[T]) opGet() string    { return "get " + k.name }
func (k kind[T]) opCreate() string { return "create " + k.name }
func (k kind[T]) opUpdate() string { return "update " + k.name }
func (k kind[T]) opDelete() string { return "delete " + k.name }

// list returns one page of what is at a place.
func (k kind[T]) list(ctx context.Context, t *transport, in place, q *query) (*api.List[T], error) {
	path, err := in.path(k.opList())
	if err != nil {
		return nil, err
	}
	if q.err != nil {
		return nil, q.err
	}
	body, err := do(ctx, t, call[listBody[T], none]{
		operation: k.opList(),
		method:    http.MethodGet,
		path:      path,
		query:     q.values,
		check:     checkList(k.check),
	})
	if err != nil {
		return nil, err
	}
	return body.list(), nil
}

// all walks through the pages that list returns, beginning after an id. A nil
// limit is the largest page. It goes forward only, hence has no use for the
// cursor of a page before.
func (k kind[T]) all(after, before string, limit *int, most int, list func(after string, limit *int) (*api.List[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		after, limit := after, limit // each loop over the sequence starts anew
		fail := func(err error) { yield(*new(T), err) }
		if before != "" {
			fail(&RequestError{k.opList(), "before", "is for a single page; all pages begin after an element"})
			return
		}
		if limit == nil {
			limit = &most
		} else if *limit == 0 {
			fail(&RequestError{k.opList(), "limit", "pages of 0 elements never reach the end"})
			return
		}
		seen := map[string]bool{after: true}
		for {
			page, err := list(after, limit)
			if err != nil {
				fail(err)
				return
			}
			for _, element := range page.Data {
				if !yield(element, nil) {
					return
				}
			}
			if !page.HasMore || len(page.Data) == 0 {
				return
			}
			after = k.id(&page.Data[len(page.Data)-1])
			if seen[after] {
				fail(&ResponseError{
					Operation: k.opList(),
					Status:    http.StatusOK,
					Message:   "the pages go in a circle: the same last id came twice",
				})
				return
			}
			seen[after] = true
		}
	}
}

// get returns the object with an id.
func (k kind[T]) get(ctx context.Context, t *transport, in place, id string) (*T, error) {
	path, err := in.with(k.param, id).path(k.opGet())
	if err != nil {
		return nil, err
	}
	return do(ctx, t, call[T, none]{
		operation: k.opGet(),
		method:    http.MethodGet,
		path:      path,
		check:     k.checkOne(id),
	})
}

// remove deletes the object with an id. A 404 is a success where an earlier
// attempt of this very call may have been the one that deleted it.
func (k kind[T]) remove(ctx context.Context, t *transport, in place, id string) (*api.Deleted, error) {
	path, err := in.with(k.param, id).path(k.opDelete())
	if err != nil {
		return nil, err
	}
	return do(ctx, t, call[api.Deleted, none]{
		operation: k.opDelete(),
		method:    http.MethodDelete,
		path:      path,
		check: func(d *api.Deleted) error {
			switch {
			case d.Object != k.deleted:
				return fmt.Errorf("object is not %q", k.deleted)
			case d.ID != id:
				return errOtherID
			case !d.Deleted:
				return errors.New("deleted is not true")
			}
			return nil
		},
		gone: func() *api.Deleted { return &api.Deleted{Object: k.deleted, ID: id, Deleted: true} },
	})
}

// update changes the object with an id and returns it as it is then.
func update[T, Req any](ctx context.Context, t *transport, k kind[T], in place, id string, req *Req) (*T, error) {
	return post(ctx, t, k.opUpdate(), in.with(k.param, id), req, k.checkOne(id))
}

// post sends a body, or none if req is nil, and returns the checked answer.
func post[Resp, Req any](ctx context.Context, t *transport, operation string, at place, req *Req, check func(*Resp) error) (*Resp, error) {
	path, err := at.path(operation)
	if err != nil {
		return nil, err
	}
	return do(ctx, t, call[Resp, Req]{operation: operation, method: http.MethodPost, path: path, body: req, check: check})
}

var errOtherID = errors.New("id is not the one asked for")

// checkOne returns the check of an object that was asked for by its id.
func (k kind[T]) checkOne(id string) func(*T) error {
	return func(object *T) error {
		if err := k.check(object); err != nil {
			return err
		}
		if k.id(object) != id {
			return errOtherID
		}
		return nil
	}
}

// A place is a path below the base URL. Its ids are checked when it is asked
// for, since only then the operation is known that an error names.
type place []segment

// segment is an id, or fixed and escaped text where param is empty.
type segment struct{ param, text string }

// organization is the place of what belongs to the whole organization.
func organization(what string) place { return place{{text: "/organization/" + what}} }

// inProject is the place of what belongs to one project.
func inProject(projectID, what string) place {
	return append(organization("projects").with(project.param, projectID), segment{text: "/" + what})
}

func (p place) with(param, id string) place { return append(slices.Clip(p), segment{param, id}) }

func (p place) path(operation string) (string, error) {
	var path strings.Builder
	for _, s := range p {
		if s.param == "" {
			path.WriteString(s.text)
			continue
		}
		if err := checkID(operation, s.param, s.text); err != nil {
			return "", err
		}
		path.WriteString("/" + url.PathEscape(s.text))
	}
	return path.String(), nil
}
