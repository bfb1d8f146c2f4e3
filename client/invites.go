package client

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"

	"github.com/keyreeve/keyreeve/api"
)

// Invites are the operations on invites to the organization. It is a field of
// [Client].
type Invites struct{ transport *transport }

var invite = kind[api.Invite]{
	name: "invite", param: "invite_id", deleted: api.ObjectInviteDeleted,
	id:    func(i *api.Invite) string { return i.ID },
	check: checkInvite,
}

func (Invites) place() place { return organization("invites") }

// List returns one page of invites (list-invites). The next page is asked for
// with After set to the id of the last element; [Invites.All] does that by
// itself.
func (s Invites) List(ctx context.Context, p api.InviteListParams) (*api.List[api.Invite], error) {
	return invite.list(ctx, s.transport, s.place(), invite.query().page(p.After, p.Limit, 0, maxPage))
}

// All returns every invite from p.After on (list-invites), page by page and
// lazily. p.Limit is the size of a page, and 100 when nil. An error is the last
// pair.
func (s Invites) All(ctx context.Context, p api.InviteListParams) iter.Seq2[api.Invite, error] {
	return invite.all(p.After, "", p.Limit, maxPage, func(after string, limit *int) (*api.List[api.Invite], error) {
		p := p
		p.After, p.Limit = after, limit
		return s.List(ctx, p)
	})
}

// Get returns one invite (retrieve-invite), without its token. An unknown id is
// an [*Error] with status 404.
func (s Invites) Get(ctx context.Context, id string) (*api.Invite, error) {
	return invite.get(ctx, s.transport, s.place(), id)
}

// Create asks somebody to join the organization (inviteUser). A Keyreeve server
// returns the token with which [AcceptInvite] accepts the invite, this once;
// OpenAI sends a mail, and the token is empty.
//
// It is sent once, as every POST: after an error that is no answer the invite
// may exist. Look for it with [Invites.All].
func (s Invites) Create(ctx context.Context, req api.InviteCreateRequest) (*api.InviteCreateResponse, error) {
	operation := invite.opCreate()
	err := cmp.Or(checkEmail(operation, req.Email), checkChoice(operation, "role", req.Role, api.RoleOwner, api.RoleReader))
	for i, p := range req.Projects {
		err = cmp.Or(err,
			checkID(operation, fmt.Sprintf("projects[%d].id", i), p.ID),
			checkChoice(operation, fmt.Sprintf("projects[%d].role", i), p.Role, api.RoleOwner, api.RoleMember))
	}
	if err != nil {
		return nil, err
	}
	return post(ctx, s.transport, operation, s.place(), &req, func(i *api.InviteCreateResponse) error {
		return cmp.Or(checkInvite(&i.Invite), demand(i.Email == req.Email, "email is not the one that was sent"))
	})
}

// Delete withdraws an invite (delete-invite): its token is refused when it
// returns. An unknown id is an [*Error] with status 404, unless an earlier
// attempt of this call got no answer or a 5xx: then the invite is gone either
// way.
func (s Invites) Delete(ctx context.Context, id string) (*api.Deleted, error) {
	return invite.remove(ctx, s.transport, s.place(), id)
}

// AcceptInvite makes the invited person a user of the organization whose
// Keyreeve serves at baseURL (keyreeve-accept-invite), and returns the user with
// a first admin key, whose value is shown this once. It needs no key, hence no
// [Client]: the token is the permission, and works once. What the errors of [New]
// and of the other operations say holds for it too, with the token for the key.
//
// It is sent once, as every POST: after an error that is no answer the user may
// exist, and whoever invited must look.
func AcceptInvite(ctx context.Context, baseURL string, req api.InviteAcceptRequest, opts ...Option) (*api.InviteAcceptResponse, error) {
	const operation = "accept invite"
	if checkKeyValue(req.Token) != nil {
		return nil, &RequestError{operation, "token", "is empty, or contains a space or another character that no token has"}
	}
	if err := cmp.Or(checkName(operation, req.Name), checkLife(operation, req.ExpiresInSeconds)); err != nil {
		return nil, err
	}
	base, err := parseBaseURL(baseURL)
	if err != nil {
		return nil, fmt.Errorf("%s: base URL: %w", operation, err)
	}
	own := &http.Client{Transport: newTransport()} // unless an option names another
	defer own.CloseIdleConnections()
	cfg, err := newConfig(append([]Option{WithHTTPClient(own)}, opts...))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operation, err)
	}
	t := &transport{base: base, config: cfg, key: func() string { return req.Token }, anonymous: true}
	return post(ctx, t, operation, organization("invites/accept"), &req, func(a *api.InviteAcceptResponse) error {
		return cmp.Or(
			user.check(&a.User),
			checkNewAdminAPIKey(&a.AdminAPIKey, req.ExpiresInSeconds),
			demand(a.AdminAPIKey.Owner.ID == a.ID, "the key is somebody else's"),
		)
	})
}

func checkInvite(i *api.Invite) error {
	return cmp.Or(
		checkCommon(i.Object, api.ObjectInvite, i.ID, "created_at", i.CreatedAt),
		demand(i.Email != "", "email is missing or empty"),
		demand(i.Role != "", "role is missing or empty"),
		demand(i.Status != "", "status is missing or empty"),
		demand(i.Projects != nil, "projects is missing or null"),
	)
}
