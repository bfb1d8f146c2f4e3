package client

import (
	"context"
	"iter"

	"github.com/keyreeve/keyreeve/api"
)

// Users are the operations on the people of the organization. It is a field of
// [Client]. New people come by [Invites].
type Users struct{ transport *transport }

var user = kind[api.User]{
	name: "user", param: "user_id", deleted: api.ObjectUserDeleted,
	id: func(u *api.User) string { return u.ID },
	check: func(u *api.User) error {
		return checkCommon(u.Object, api.ObjectUser, u.ID, "added_at", u.AddedAt)
	},
}

func (Users) place() place { return organization("users") }

// List returns one page of users (list-users). The next page is asked for with
// After set to the id of the last element; [Users.All] does that by itself.
func (s Users) List(ctx context.Context, p api.UserListParams) (*api.List[api.User], error) {
	q := user.query().page(p.After, p.Limit, 1, maxPage)
	q.texts("emails[]", p.Emails)
	return user.list(ctx, s.transport, s.place(), q)
}

// All returns every user from p.After on (list-users), page by page and lazily.
// p.Limit is the size of a page, and 100 when nil. An error is the last pair.
func (s Users) All(ctx context.Context, p api.UserListParams) iter.Seq2[api.User, error] {
	return user.all(p.After, "", p.Limit, maxPage, func(after string, limit *int) (*api.List[api.User], error) {
		p := p
		p.After, p.Limit = after, limit
		return s.List(ctx, p)
	})
}

// Get returns one user (retrieve-user). An unknown id is an [*Error] with
// status 404.
func (s Users) Get(ctx context.Context, id string) (*api.User, error) {
	return user.get(ctx, s.transport, s.place(), id)
}

// Update changes a user's role (modify-user) and returns the user as it is then.
// The last owner cannot become a reader.
func (s Users) Update(ctx context.Context, id string, req api.UserUpdateRequest) (*api.User, error) {
	err := checkChange(user.opUpdate(), "role", req)
	if req.Role != nil {
		err = checkChoice(user.opUpdate(), "role", *req.Role, api.RoleOwner, api.RoleReader)
	}
	if err != nil {
		return nil, err
	}
	return update(ctx, s.transport, user, s.place(), id, &req)
}

// Delete removes a user from the organization (delete-user). The user's keys,
// admin keys included, are refused when it returns. An unknown id is an [*Error]
// with status 404, unless an earlier attempt of this call got no answer or a
// 5xx: then the user is gone either way. The last owner cannot be deleted.
func (s Users) Delete(ctx context.Context, id string) (*api.Deleted, error) {
	return user.remove(ctx, s.transport, s.place(), id)
}
