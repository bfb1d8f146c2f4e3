package console

import (
	"net/http"
	"strings"

	"github.com/keyreeve/keyreeve/internal/org"
)

const invitesSection = "/invites"

type invitesPage struct {
	frame
	listed
	Invites []inviteRow
}

type inviteRow struct {
	org.Invite
	Status  org.InviteStatus
	Inviter org.User // zero: removed since
}

// listInvites shows the invites (list-invites).
func (v *visit) listInvites() error {
	p := invitesPage{frame: v.frame("Invites", invitesSection), listed: listed{List: invitesSection}}
	invites, err := readList(v, &p.listed, func(i org.Invite) string { return i.ID },
		func(page org.Page) (org.ListPage[org.Invite], error) {
			return v.Service.ListInvites(v.r.Context(), v.caller, page)
		}, nil)
	if err != nil {
		return err
	}
	inviters := map[string]org.User{}
	for _, i := range invites {
		inviter, ok := inviters[i.InviterID]
		if !ok {
			if inviter, err = v.Service.GetUser(v.r.Context(), v.caller, i.InviterID); err != nil && !isNotFound(err) {
				return err
			}
			inviters[i.InviterID] = inviter
		}
		p.Invites = append(p.Invites, inviteRow{i, i.StatusAt(v.now()), inviter})
	}
	return v.render(http.StatusOK, "invites", p)
}

type newInvitePage struct {
	frame
	Email    string
	Role     string
	Projects []projectChoice
	Problem  string
}

type projectChoice struct {
	ID, Name string
	Chosen   bool
}

// newInvitePage offers the first projects; a person can be added to others
// later.
func (v *visit) newInvitePage() (newInvitePage, error) {
	p := newInvitePage{frame: v.frame("Invite somebody", invitesSection), Role: string(org.RoleReader)}
	page, err := v.Service.ListProjects(v.r.Context(), v.caller, org.ProjectPage{Page: org.Page{Descending: true, Limit: org.MaxPage}})
	for _, project := range page.Items {
		p.Projects = append(p.Projects, projectChoice{ID: project.ID, Name: project.Name})
	}
	return p, err
}

func (v *visit) newInvite() error {
	p, err := v.newInvitePage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "invite_new", p)
}

type madeInvitePage struct {
	frame
	Invite org.Invite
	Link   string // with the token behind its #
	Done   confirmation
}

// createInvite invites a person and shows the link, this one time
// (inviteUser).
func (v *visit) createInvite() error {
	p, err := v.newInvitePage()
	if err != nil {
		return err
	}
	form := v.r.PostForm
	p.Email, p.Role = shown(strings.TrimSpace(form.Get("email"))), form.Get("role")
	in := org.NewInvite{Email: strings.TrimSpace(form.Get("email")), Role: org.Role(p.Role)}
	for i, project := range p.Projects {
		for _, id := range form["project"] {
			if id == project.ID {
				p.Projects[i].Chosen = true
				in.Projects = append(in.Projects, org.InviteProject{ID: id, Role: org.ProjectMember})
			}
		}
	}
	invite, secret, commit, err := v.Service.CreateInvite(v.r.Context(), v.caller, in)
	if text, ok := correctable(err); ok {
		p.Problem, p.Title = text, "Not yet: "+p.Title
		return v.render(http.StatusUnprocessableEntity, "invite_new", p)
	} else if err != nil {
		return err
	}
	return v.render(http.StatusOK, "invite_made", madeInvitePage{
		frame: v.frame("The invite", invitesSection), Invite: invite, Done: confirmationOf(commit),
		Link: strings.TrimSuffix(baseURL(v.r), "/v1") + "/join#" + secret.Reveal(),
	})
}

func (v *visit) withdrawPage() (confirmPage, org.Invite, error) {
	invite, err := v.Service.GetInvite(v.r.Context(), v.caller, v.r.PathValue("invite_id"))
	return confirmPage{
		frame: v.frame("Withdraw an invite", invitesSection), Heading: "Withdraw the invite of " + invite.Email + "?",
		Warnings: []string{"Its link stops working at once.", "A person who has accepted already stays a user."},
		Word:     invite.Email, What: "email of the invited", Button: "Withdraw the invite", Back: invitesSection,
	}, invite, err
}

func (v *visit) askWithdrawInvite() error {
	p, _, err := v.withdrawPage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "confirm", p)
}

// withdrawInvite deletes an invite (delete-invite).
func (v *visit) withdrawInvite() error {
	p, invite, err := v.withdrawPage()
	if err != nil {
		return err
	}
	done := donePage{Heading: "The invite is withdrawn", Text: "The link of " + invite.Email + " works no more.", Back: invitesSection, Label: "See the invites"}
	return v.confirm(p, done, func() (org.Commit, error) { return v.Service.DeleteInvite(v.r.Context(), v.caller, invite.ID) })
}

// joinPage is where an invited person comes, without any session.
type joinPage struct {
	frame
	Name    string
	Problem string
	Plain   bool
	Host    string
}

func (v *visit) joinPage() joinPage {
	return joinPage{frame: frame{Title: "Join", Version: v.Version}, Plain: plainHTTP(v.r), Host: v.r.Host}
}

func (v *visit) showJoin() error { return v.render(http.StatusOK, "join", v.joinPage()) }

type joinedPage struct {
	frame
	User  org.User
	Key   keyRow
	Value string
	Done  confirmation
}

// join accepts an invite and shows the new user's first admin key
// (keyreeve-accept-invite).
func (v *visit) join() error {
	p, form := v.joinPage(), v.r.PostForm
	p.Name = shown(form.Get("name"))
	lifetime := int64(joinDays * secondsOfDay)
	accepted, commit, err := v.Service.AcceptInvite(v.r.Context(), v.Origin(v.r), org.Acceptance{
		Token: strings.TrimSpace(form.Get("token")), Name: form.Get("name"), ExpiresInSeconds: &lifetime,
	})
	if text, ok := correctable(err); ok {
		p.Problem = text
		if param(err) == "token" {
			p.Problem = "This invite cannot be accepted. It may have been used, withdrawn or expired: ask for a new one."
		}
		return v.render(http.StatusUnprocessableEntity, "join", p)
	} else if err != nil {
		return err
	}
	return v.render(http.StatusOK, "joined", joinedPage{
		frame: frame{Title: "Welcome", Version: v.Version}, User: accepted.User, Key: v.adminRow(accepted.Key),
		Value: accepted.Secret.Reveal(), Done: confirmationOf(commit),
	})
}

// joinDays is how long the first key of an invited person lasts.
const joinDays = 90
