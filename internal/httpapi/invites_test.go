package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
)

const (
	invitesPath = "/v1/organization/invites"
	acceptPath  = invitesPath + "/accept"
)

var guests atomic.Int64

// newGuest is the body of an invite to somebody who was not invited before.
func newGuest() string {
	return fmt.Sprintf(`{"email":"guest%d@example.com","role":"reader"}`, guests.Add(1))
}

// inviteInSecret invites and returns the token, which the next request may hold.
func (s *system) inviteInSecret(t *testing.T, body string) (token string) {
	t.Helper()
	return decode[api.InviteCreateResponse](t, s.post(t, invitesPath, body)).Token
}

// invite invites somebody whose token nothing may show.
func (s *system) invite(t *testing.T, body string) api.InviteCreateResponse {
	t.Helper()
	invite := decode[api.InviteCreateResponse](t, s.post(t, invitesPath, body))
	s.issued(invite.Token)
	return invite
}

// accept sends a token without a key.
func (s *system) accept(t *testing.T, body string) answer {
	t.Helper()
	return s.do(t, request{method: http.MethodPost, path: acceptPath, header: http.Header{"Authorization": nil}, body: body})
}

func TestInviteIsTheContractsToTheByte(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project := s.newProject(t)
		a := s.post(t, invitesPath, `{"email":"Grace@example.com","role":"owner","projects":[{"id":"`+project+`","role":"member"}]}`)
		made := decode[api.InviteCreateResponse](t, a)
		s.issued(made.Token)
		want := fmt.Sprintf(`{"object":"organization.invite","id":%q,"email":"Grace@example.com","role":"owner","status":"pending","created_at":%d,`+
			`"expires_at":%d,"accepted_at":null,"projects":[{"id":%q,"role":"member"}]}`, made.ID, made.CreatedAt, made.CreatedAt+604800, project)
		if diff := cmp.Diff(strings.TrimSuffix(want, "}")+`,"token":"`+made.Token+`"}`, a.body); diff != "" {
			t.Errorf("create (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, s.do(t, request{path: invitesPath + "/" + made.ID}).body); diff != "" {
			t.Errorf("get (-want +got):\n%s", diff)
		}
		list := fmt.Sprintf(`{"object":"list","data":[%s],"first_id":%q,"last_id":%q,"has_more":false}`, want, made.ID, made.ID)
		if diff := cmp.Diff(list, s.do(t, request{path: invitesPath}).body); diff != "" {
			t.Errorf("list (-want +got):\n%s", diff)
		}
		gone := `{"object":"organization.invite.deleted","id":"` + made.ID + `","deleted":true}`
		if diff := cmp.Diff(gone, s.remove(t, invitesPath+"/"+made.ID).body); diff != "" {
			t.Errorf("delete (-want +got):\n%s", diff)
		}
		for _, body := range []string{`{"email":"a@b.c","role":"reader"}`, `{"email":"b@b.c","role":"reader","projects":null}`, `{"email":"c@b.c","role":"reader","projects":[]}`} {
			if i := s.invite(t, body); i.Projects == nil {
				t.Errorf("%s: null projects", body)
			}
		}
	})
}

func TestAcceptedInviteMakesAUserWithAKey(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s := newSystemOn(t, e.database(t), nil)
			for role, write := range map[string]bool{"owner": true, "reader": false} {
				project := s.newProject(t)
				email := role + "@example.com"
				token := s.inviteInSecret(t, `{"email":"`+email+`","role":"`+role+`","projects":[{"id":"`+project+`","role":"owner"}]}`)
				a := s.accept(t, `{"token":"`+token+`","name":"Grace"}`)
				made := decode[api.InviteAcceptResponse](t, a)
				s.issued(token)
				key := made.AdminAPIKey
				s.issued(key.Value)
				if *made.Role != role || *made.Email != email || *made.Name != "Grace" || a.header.Get("Keyreeve-Revision") == "" {
					t.Errorf("the %s: %+v", role, made.User)
				}
				if key.ExpiresAt != nil || key.Owner.ID != made.ID || *key.Name != "First admin key" {
					t.Errorf("the %s's key: %+v", role, key.AdminAPIKey)
				}
				if s.statusOf(t, seedKey{value: key.Value}) != http.StatusOK || mayWrite(t, s, key.Value) != write {
					t.Errorf("the %s's key does not do what it should", role)
				}
				member := decode[api.ProjectUser](t, s.do(t, request{path: membersPath(project) + "/" + made.ID}))
				if member.Role != "owner" {
					t.Errorf("the %s in the project: %+v", role, member)
				}
				log := s.audit(t, "event_types[]=invite.accepted&limit=1").Data[0]
				if log.Actor.Session == nil || log.Actor.Session.User.ID != made.ID || log.Actor.Session.IPAddress == "" || log.InviteAccepted == nil {
					t.Errorf("the event: %+v", log)
				}
				s.restart(t)
				if s.statusOf(t, seedKey{value: key.Value}) != http.StatusOK {
					t.Errorf("the %s's key is refused after a restart", role)
				}
			}
		})
	}
}

// errToken is all that whoever comes with a bad token is told.
var errToken = fault{
	400, "invalid_invite_token", "token",
	"Invalid 'token': it accepts no invite. It may have been used, withdrawn or expired: ask for a new invite.",
}

func TestTokensThatAreNotGoodAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		used, deleted := s.inviteInSecret(t, newGuest()), decode[api.InviteCreateResponse](t, s.post(t, invitesPath, newGuest()))
		made := decode[api.InviteAcceptResponse](t, s.accept(t, `{"token":"`+used+`","name":"Guest"}`))
		if a := s.remove(t, invitesPath+"/"+deleted.ID); a.status != http.StatusOK {
			t.Fatal(a.body)
		}
		for _, value := range []string{used, deleted.Token, made.AdminAPIKey.Value} {
			s.issued(value)
		}
		const unknown = "sk-invite-0000000000000000000000000000000000000000000000000"
		for _, token := range []string{used, deleted.Token, unknown, made.AdminAPIKey.Value, s.seed.first.value, "", "x", "\\u0000", strings.Repeat("x", 1000)} {
			checkFault(t, s.accept(t, `{"token":"`+token+`","name":"Eve"}`), errToken)
		}
		// Nor is a token a key, or a part of an address.
		checkFault(t, s.do(t, request{path: usersPath, key: deleted.Token}), invalidKey(deleted.Token))
		if a := s.do(t, request{path: invitesPath + "/" + deleted.Token}); a.status != http.StatusNotFound {
			t.Errorf("%+v", a)
		}
		for body, want := range map[string]fault{
			`{}`:             {400, "missing_required_parameter", "token", "Missing required parameter: 'token'."},
			`{"token":"x"}`:  {400, "missing_required_parameter", "name", "Missing required parameter: 'name'."},
			`{"token":null}`: {400, "invalid_type", "token", "Invalid type for 'token': expected a string, but got null instead."},
			`{"token":"x","name":""}`: {
				400, "empty_string", "name", "Invalid 'name': empty string. Expected a string with minimum length 1, but got an empty string instead.",
			},
			`{"token":"x","name":"` + deleted.Token + `"}`: {
				400, "invalid_value", "name", "Invalid 'name': it holds what looks like an API key. Names are not secret: say what the key is for.",
			},
			`{"token":"x","name":"a","expires_in_seconds":0}`: {
				400, "integer_below_min_value", "expires_in_seconds", "Invalid 'expires_in_seconds': integer below minimum value. Expected a value >= 1, but got 0 instead.",
			},
		} {
			checkFault(t, s.accept(t, body), want)
		}
	})
}

// TestExpiredInvite has one that was made long ago.
func TestExpiredInvite(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			var old seedKey
			s := newSystemOn(t, e.database(t), func(s *seed) { old = s.invite("grace@example.com") })
			path := invitesPath + "/" + old.id
			if got := decode[api.Invite](t, s.do(t, request{path: path})).Status; got != "expired" {
				t.Errorf("status %s", got)
			}
			checkFault(t, s.accept(t, `{"token":"`+old.value+`","name":"Grace"}`), errToken)
			s.issued(old.value)
			s.invite(t, `{"email":"GRACE@example.com","role":"reader"}`)
			if a := s.remove(t, path); a.status != http.StatusOK {
				t.Error(a.body)
			}
		})
	}
}

func TestInviteRefusals(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		pending := s.invite(t, `{"email":"Grace@example.com","role":"reader"}`)
		token := s.inviteInSecret(t, `{"email":"done@example.com","role":"reader"}`)
		done := decode[api.InviteAcceptResponse](t, s.accept(t, `{"token":"`+token+`","name":"Done"}`))
		s.issued(done.AdminAPIKey.Value)
		archived, project := s.newProject(t), s.newProject(t)
		s.post(t, projectsPath+"/"+archived+"/archive", "")
		with := func(id, role string) string {
			return `{"email":"new@example.com","role":"reader","projects":[{"id":"` + project + `","role":"member"},{"id":"` + id + `","role":"` + role + `"}]}`
		}
		for body, want := range map[string]fault{
			`{}`:                              {400, "missing_required_parameter", "email", "Missing required parameter: 'email'."},
			`{"email":"a@b.c"}`:               {400, "missing_required_parameter", "role", "Missing required parameter: 'role'."},
			`{"email":"a@b.c","role":"king"}`: {400, "invalid_value", "role", "Invalid value: 'king'. Supported values are: 'owner' and 'reader'."},
			`{"email":"a","role":"owner"}`:    {400, "invalid_value", "email", "Invalid 'email': 'a' is not an e-mail address. Expected one such as 'ada@example.com'."},
			`{"email":"ADA@example.com","role":"owner"}`: {
				400, "already_user", "email", "'ADA@example.com' is a user of this organization already: '" + s.seed.owner.ID + "'.",
			},
			`{"email":"grace@example.com","role":"owner"}`: {
				400, "already_invited", "email", "'grace@example.com' has a pending invite already: '" + pending.ID + "'. Delete that one to invite again.",
			},
			with("proj_x", "member"): {400, "invalid_value", "projects[1].id", "Invalid 'projects[1].id': there is no project 'proj_x'."},
			with(project, "owner"):   {400, "invalid_value", "projects[1].id", "Invalid 'projects[1].id': '" + project + "' is given twice."},
			with(archived, "owner"):  {400, "project_archived", "", "Project '" + archived + "' is archived and cannot be changed any more."},
			with(project, "none"):    {400, "invalid_value", "projects[1].role", "Invalid value: 'none'. Supported values are: 'owner' and 'member'."},
			`{"email":"a@b.c","role":"owner","projects":[{"role":"owner"}]}`: {
				400, "missing_required_parameter", "projects[0].id", "Missing required parameter: 'projects[0].id'.",
			},
		} {
			checkFault(t, s.post(t, invitesPath, body), want)
		}
		for _, invite := range decode[api.List[api.Invite]](t, s.do(t, request{path: invitesPath})).Data {
			if invite.Status == "accepted" {
				checkFault(t, s.remove(t, invitesPath+"/"+invite.ID), fault{
					400, "invite_accepted", "", "Invite '" + invite.ID + "' was accepted and cannot be deleted any more. Delete the user instead.",
				})
			}
		}
		for _, unknown := range []string{"invite_x", s.seed.owner.ID, "accept"} {
			want := fault{404, "", "", "No such invite: '" + unknown + "'."}
			if unknown == "accept" { // is a route of its own
				want = fault{405, "", "", "Invalid method for URL (GET " + acceptPath + ")"}
			}
			checkFault(t, s.do(t, request{path: invitesPath + "/" + unknown}), want)
		}
	})
}
