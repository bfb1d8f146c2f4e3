package sqlstore

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/keyreeve/keyreeve/internal/org"
)

// A token's digest is written and looked for, and never read.
const (
	inviteColumns  = `SELECT id, email, role, inviter_id, created_at, expires_at, accepted_at, projects FROM invites`
	inviteByID     = inviteColumns + ` WHERE id = $1`
	inviteByToken  = inviteColumns + ` WHERE accepted_at = 0 AND token_digest = $1`
	invitesAfter   = inviteColumns + ` WHERE id > $1 ORDER BY id`
	invitesPending = inviteColumns + ` WHERE lower(email) = $1 AND accepted_at = 0 AND expires_at > $2 ORDER BY id LIMIT 1`
)

// inviteProject is an element of the column projects.
type inviteProject struct {
	ID   string          `json:"id"`
	Role org.ProjectRole `json:"role"`
}

func scanInvite(row scanner) (i org.Invite, err error) {
	var text string
	if err := row.Scan(&i.ID, &i.Email, &i.Role, &i.InviterID, &i.CreatedAt, &i.ExpiresAt, &i.AcceptedAt, &text); err != nil {
		return i, err
	}
	var projects []inviteProject
	if err := json.Unmarshal([]byte(text), &projects); err != nil {
		return i, fmt.Errorf("the projects of invite %s: %w", i.ID, err)
	}
	for _, p := range projects {
		i.Projects = append(i.Projects, org.InviteProject(p))
	}
	return i, nil
}

// Invites implements org.Store (list-invites).
func (s *Store) Invites(ctx context.Context, page org.Page) ([]org.Invite, error) {
	text, after := newestFirst(page, invitesAfter)
	return pageOf(ctx, s, scanInvite, text, page.Limit, after)
}

// Invite implements org.Store (retrieve-invite).
func (s *Store) Invite(ctx context.Context, id string) (org.Invite, bool, error) {
	return oneOf(ctx, s, scanInvite, inviteByID, id)
}

// InviteByToken implements org.Store (keyreeve-accept-invite).
func (s *Store) InviteByToken(ctx context.Context, digest [32]byte) (org.Invite, bool, error) {
	return oneOf(ctx, s, scanInvite, inviteByToken, digest[:])
}

func (t *tx) Invite(id string) (org.Invite, bool, error) {
	return txOneOf(t, scanInvite, inviteByID, id)
}

func (t *tx) InviteByToken(digest [32]byte) (org.Invite, bool, error) {
	return txOneOf(t, scanInvite, inviteByToken, digest[:])
}

func (t *tx) PendingInvite(email string, now int64) (org.Invite, bool, error) {
	return txOneOf(t, scanInvite, invitesPending, foldASCII(email), now)
}

func (t *tx) InsertInvite(i org.Invite, digest [32]byte) error {
	projects := make([]inviteProject, 0, len(i.Projects)) // [] and not null
	for _, p := range i.Projects {
		projects = append(projects, inviteProject(p))
	}
	text, err := json.Marshal(projects)
	if err != nil {
		return t.fail(err)
	}
	return t.exec(`INSERT INTO invites (id, email, role, inviter_id, created_at, expires_at, accepted_at, token_digest, projects) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)`,
		i.ID, i.Email, string(i.Role), i.InviterID, i.CreatedAt, i.ExpiresAt, digest[:], string(text))
}

func (t *tx) AcceptInvite(id string, at int64) error {
	return t.exec(`UPDATE invites SET accepted_at = $1, token_digest = $2 WHERE id = $3`, at, []byte{}, id)
}

func (t *tx) DeleteInvite(id string) error { return t.exec(`DELETE FROM invites WHERE id = $1`, id) }

func (t *tx) WithdrawInvites(inviterID string, now int64) (n int, err error) {
	const pending = ` FROM invites WHERE inviter_id = $1 AND accepted_at = 0 AND expires_at > $2`
	if _, err := t.one([]any{&n}, `SELECT COUNT(*)`+pending, inviterID, now); n == 0 || err != nil {
		return 0, err
	}
	return n, t.exec(`DELETE`+pending, inviterID, now)
}
