package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/token"
)

var inviteTests = map[string]func(*testing.T, Open){
	"InvitesAreListedInPages":             invitesAreListedInPages,
	"AcceptedInviteMakesAUser":            acceptedInviteMakesAUser,
	"InviteIsAcceptedOnce":                inviteIsAcceptedOnce,
	"InviteEndsAfterSevenDays":            inviteEndsAfterSevenDays,
	"DeletedInviteAcceptsNothing":         deletedInviteAcceptsNothing,
	"AllBadTokensAreRefusedAlike":         allBadTokensAreRefusedAlike,
	"InvitesEndWithTheirOwner":            invitesEndWithTheirOwner,
	"InviteOfNoOwnerAcceptsNothing":       inviteOfNoOwnerAcceptsNothing,
	"NobodyIsInvitedTwice":                nobodyIsInvitedTwice,
	"InviteSkipsProjectsArchivedSince":    inviteSkipsProjectsArchivedSince,
	"InviteRefusesProjectsThatAreNot":     inviteRefusesProjectsThatAreNot,
	"RefusedTokenDoesNotTouchTheLog":      refusedTokenDoesNotTouchTheLog,
	"ReadersMayOnlyReadInvitesAndMembers": readersMayOnlyReadInvitesAndMembers,
}

// invite invites somebody and returns the token.
func (w *world) invite(t *testing.T, email string, projects ...org.InviteProject) (org.Invite, string) {
	t.Helper()
	invite, secret, _, err := w.svc.CreateInvite(t.Context(), w.owner, org.NewInvite{Email: email, Role: org.RoleReader, Projects: projects})
	if err != nil {
		t.Fatal(err)
	}
	return invite, secret.Reveal()
}

var guest = org.Origin{IP: "192.0.2.9", UserAgent: "a guest"}

func (w *world) accept(t *testing.T, token string) (org.Accepted, error) {
	t.Helper()
	made, _, err := w.svc.AcceptInvite(t.Context(), guest, org.Acceptance{Token: token, Name: "Grace"})
	return made, err
}

// refused wants the one refusal of a token.
func (w *world) refused(t *testing.T, token string) {
	t.Helper()
	_, err := w.accept(t, token)
	want := org.Refusal{
		Kind: org.Invalid, Code: "invalid_invite_token", Param: "token",
		Message: "Invalid 'token': it accepts no invite. It may have been used, withdrawn or expired: ask for a new invite.",
	}
	if r := refusal(t, err); *r != want {
		t.Errorf("%+v", r)
	}
}

func invitesAreListedInPages(t *testing.T, open Open) {
	w := newWorld(t, open)
	var want []string
	for i := range 12 {
		invite, _ := w.invite(t, fmt.Sprintf("guest%d@example.com", i))
		want = append(want, invite.ID)
	}
	read := func(page org.Page) (org.ListPage[org.Invite], error) {
		return w.svc.ListInvites(t.Context(), w.owner, page)
	}
	for limit := 1; limit <= len(want)+1; limit++ {
		if diff := cmp.Diff(want, pages(t, limit, func(i org.Invite) string { return i.ID }, read)); diff != "" {
			t.Errorf("by %d (-want +got):\n%s", limit, diff)
		}
	}
	if _, err := w.svc.DeleteInvite(t.Context(), w.owner, want[4]); err != nil {
		t.Fatal(err)
	}
	list, err := read(org.Page{After: want[4], Limit: 1})
	if err != nil || list.Items[0].ID != want[5] {
		t.Errorf("after a deleted one: %+v, %v", list, err)
	}
	for _, id := range append(w.strangeIDs(), w.first.ID, want[4]) {
		_, err := w.svc.GetInvite(t.Context(), w.owner, id)
		_, remove := w.svc.DeleteInvite(t.Context(), w.owner, id)
		for _, err := range []error{err, remove} {
			if r := refusal(t, err); r.Kind != org.NotFound {
				t.Errorf("%q: %+v", id, r)
			}
		}
	}
}

func acceptedInviteMakesAUser(t *testing.T, open Open) {
	w := newWorld(t, open)
	project := w.newProject(t, "p").ID
	invite, value := w.invite(t, "Grace@example.com", org.InviteProject{ID: project, Role: org.ProjectOwner})
	w.logged(t, org.EventInviteSent, invite.ID, "")
	want := org.Invite{
		ID: invite.ID, Email: "Grace@example.com", Role: org.RoleReader, InviterID: w.owner.OwnerID, CreatedAt: w.clock.Now().Unix(), ExpiresAt: w.clock.Now().Unix() + 7*86400,
		Projects: []org.InviteProject{{ID: project, Role: org.ProjectOwner}},
	}
	if diff := cmp.Diff(want, invite); diff != "" {
		t.Errorf("invite (-want +got):\n%s", diff)
	}
	w.clock.advance(time.Hour)
	seconds := int64(60)
	made, _, err := w.svc.AcceptInvite(t.Context(), guest, org.Acceptance{Token: value, Name: "Grace", ExpiresInSeconds: &seconds})
	if err != nil {
		t.Fatal(err)
	}
	now, user := w.clock.Now().Unix(), made.User
	if diff := cmp.Diff(org.User{ID: user.ID, Name: "Grace", Email: invite.Email, Role: org.RoleReader, CreatedAt: now}, user); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
	if k := made.Key; k.ExpiresAt != now+seconds || k.Owner.ID != user.ID || k.Owner.Role != org.RoleReader || k.Digest != token.Sum(made.Secret.Reveal()) {
		t.Errorf("key %+v", k)
	}
	if read, err := w.svc.GetUser(t.Context(), w.owner, user.ID); read != user || err != nil {
		t.Errorf("read back %+v, %v", read, err)
	}
	if key, err := w.svc.GetAdminAPIKey(t.Context(), w.owner, made.Key.ID); key != made.Key || err != nil {
		t.Errorf("read back %+v, %v", key, err)
	}
	if m, err := w.svc.GetProjectUser(t.Context(), w.owner, project, user.ID); m.Role != org.ProjectOwner || m.AddedAt != now || err != nil {
		t.Errorf("member %+v, %v", m, err)
	}
	want.AcceptedAt = now
	if read, err := w.svc.GetInvite(t.Context(), w.owner, invite.ID); cmp.Diff(want, read) != "" || err != nil || read.StatusAt(now) != org.InviteAccepted {
		t.Errorf("invite afterwards %+v, %v", read, err)
	}
	w.acceptanceIsLogged(t, project, invite.ID, made)
	w.verifyState(t)
}

// acceptanceIsLogged wants the last events to be those of an acceptance, all by
// the new user.
func (w *world) acceptanceIsLogged(t *testing.T, project, inviteID string, made org.Accepted) {
	t.Helper()
	user := made.User.ID
	var got []any
	all := events(t, w)
	for _, stored := range all[len(all)-4:] {
		e, err := org.DecodeAudit(stored.Record)
		if err != nil {
			t.Fatal(err)
		}
		wantActor := org.Actor{Type: org.ActorSession, OwnerType: org.OwnerUser, OwnerID: user, Email: made.User.Email, Origin: guest}
		if diff := cmp.Diff(wantActor, e.Actor); diff != "" {
			t.Errorf("actor of %s (-want +got):\n%s", e.Type, diff)
		}
		got = append(got, []any{e.Type, e.Resource, e.ProjectID})
	}
	if diff := cmp.Diff([]any{
		[]any{org.EventUserAdded, user, ""}, []any{org.EventUserAdded, user, project},
		[]any{org.EventAPIKeyCreated, made.Key.ID, ""}, []any{org.EventInviteAccepted, inviteID, ""},
	}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// inviteIsAcceptedOnce lets many come with one token at once.
func inviteIsAcceptedOnce(t *testing.T, open Open) {
	w := newWorld(t, open)
	_, value := w.invite(t, "grace@example.com")
	var accepted atomic.Int32
	var coming sync.WaitGroup
	for range 8 {
		coming.Go(func() {
			if _, err := w.accept(t, value); err == nil {
				accepted.Add(1)
			}
		})
	}
	coming.Wait()
	if n := accepted.Load(); n != 1 {
		t.Errorf("accepted %d times", n)
	}
	w.refused(t, value)
	users, err := w.Users(t.Context(), org.UserPage{Page: org.Page{Limit: 10}})
	if len(users) != 2 || err != nil {
		t.Errorf("%d users, %v", len(users), err)
	}
}

func inviteEndsAfterSevenDays(t *testing.T, open Open) {
	w := newWorld(t, open)
	invite, value := w.invite(t, "grace@example.com")
	for now, want := range map[int64]org.InviteStatus{
		invite.CreatedAt: org.InvitePending, invite.ExpiresAt - 1: org.InvitePending, invite.ExpiresAt: org.InviteExpired,
	} {
		if got := invite.StatusAt(now); got != want {
			t.Errorf("status %s at %d, want %s", got, now-invite.CreatedAt, want)
		}
	}
	w.clock.advance(7 * 24 * time.Hour)
	w.refused(t, value)
	// An expired invite is in nobody's way, and accepts nothing beside a new one.
	_, second := w.invite(t, "grace@example.com")
	w.refused(t, value)
	if _, err := w.accept(t, second); err != nil {
		t.Error(err)
	}
	if _, err := w.svc.DeleteInvite(t.Context(), w.owner, invite.ID); err != nil {
		t.Errorf("delete an expired one: %v", err)
	}
}

func deletedInviteAcceptsNothing(t *testing.T, open Open) {
	w := newWorld(t, open)
	invite, value := w.invite(t, "grace@example.com")
	if _, err := w.svc.DeleteInvite(t.Context(), w.owner, invite.ID); err != nil {
		t.Fatal(err)
	}
	w.logged(t, org.EventInviteDeleted, invite.ID, "")
	w.refused(t, value)

	invite, value = w.invite(t, "grace@example.com")
	if _, err := w.accept(t, value); err != nil {
		t.Fatal(err)
	}
	_, err := w.svc.DeleteInvite(t.Context(), w.owner, invite.ID)
	if r := refusal(t, err); r.Kind != org.Invalid || r.Code != "invite_accepted" {
		t.Errorf("delete an accepted one: %+v", r)
	}
}

// invitesEndWithTheirOwner removes owners and makes them readers. What they asked
// for is withdrawn, whatever they are later; what others did stays.
func invitesEndWithTheirOwner(t *testing.T, open Open) {
	reader, owner := org.RoleReader, org.RoleOwner
	change := func(role *org.Role) func(*testing.T, *world, string) {
		return func(t *testing.T, w *world, id string) {
			if _, _, err := w.svc.UpdateUser(t.Context(), w.owner, id, org.UserChange{Role: role}); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(t *testing.T, w *world, id string) {
		if _, err := w.svc.DeleteUser(t.Context(), w.owner, id); err != nil {
			t.Fatal(err)
		}
	}
	for name, leave := range map[string][]func(*testing.T, *world, string){
		"deleted": {remove}, "made a reader": {change(&reader)}, "a reader in between": {change(&reader), change(&owner)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, open)
			mallory := w.people(t, 1, owner)[0]
			ask := func(by org.Caller, email string) (org.Invite, string) {
				invite, secret, _, err := w.svc.CreateInvite(t.Context(), by, org.NewInvite{Email: email, Role: owner})
				if err != nil {
					t.Fatal(err)
				}
				return invite, secret.Reveal()
			}
			expired, _ := ask(mallory, "late@example.com")
			w.clock.advance(8 * 24 * time.Hour)
			accepted, value := ask(mallory, "grace@example.com")
			if _, err := w.accept(t, value); err != nil {
				t.Fatal(err)
			}
			first, back := ask(mallory, "mallory2@example.com")
			second, again := ask(mallory, "mallory3@example.com")
			_, other := ask(w.owner, "alan@example.com")
			leave[0](t, w, mallory.OwnerID)
			w.withdrawn(t, 2)
			for _, then := range leave[1:] {
				then(t, w, mallory.OwnerID)
			}
			w.refused(t, back)
			w.refused(t, again)
			for id, stays := range map[string]bool{expired.ID: true, accepted.ID: true, first.ID: false, second.ID: false} {
				if _, ok, err := w.Invite(t.Context(), id); ok != stays || err != nil {
					t.Errorf("invite %s is there: %t, want %t, %v", id, ok, stays, err)
				}
			}
			if _, err := w.accept(t, other); err != nil {
				t.Errorf("an invite of somebody else: %v", err)
			}
		})
	}
}

// withdrawn wants the last event to say how many invites ended with it.
func (w *world) withdrawn(t *testing.T, n int) {
	t.Helper()
	e, err := org.DecodeAudit(w.lastEvent(t).Record)
	if want := fmt.Sprintf(`"invites_withdrawn":%d`, n); err != nil || !strings.Contains(string(e.Data), want) {
		t.Errorf("%s %s, %v, want %s", e.Type, e.Data, err, want)
	}
	w.verifyState(t)
}

// inviteOfNoOwnerAcceptsNothing has rows that no version should have left.
func inviteOfNoOwnerAcceptsNothing(t *testing.T, open Open) {
	w := newWorld(t, open)
	for i, inviter := range []string{w.people(t, 1, org.RoleReader)[0].OwnerID, "user_gone", ""} {
		secret, err := token.Mint(token.KindInvite, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		w.do(t, func(tx org.Tx) error {
			tx.Emit(org.Event{Type: org.EventInviteSent})
			return tx.InsertInvite(org.Invite{
				ID: mint(tx, org.PrefixInvite), Email: fmt.Sprintf("g%d@example.com", i), Role: org.RoleOwner, InviterID: inviter, ExpiresAt: tx.Now() + 60,
			}, secret.Digest())
		})
		w.refused(t, secret.Reveal())
	}
}

func allBadTokensAreRefusedAlike(t *testing.T, open Open) {
	w := newWorld(t, open)
	_, value := w.invite(t, "grace@example.com")
	changed := []byte(value)
	changed[20] ^= 1
	unknown, err := token.Mint(token.KindInvite, zeros{})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "x", string(changed), value + "x", " " + value, "sk-admin" + value[len("sk-invite"):], unknown.Reveal(), "\x00", "\xff"} {
		w.refused(t, bad)
	}
	for name, in := range map[string]org.Acceptance{
		"name": {Token: value, Name: " "}, "expires_in_seconds": {Token: value, Name: "Grace", ExpiresInSeconds: new(int64)},
	} {
		_, _, err := w.svc.AcceptInvite(t.Context(), guest, in)
		if r := refusal(t, err); r.Param != name {
			t.Errorf("%+v", r)
		}
	}
	if _, err := w.accept(t, value); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func nobodyIsInvitedTwice(t *testing.T, open Open) {
	w := newWorld(t, open)
	ask := func(email string) *org.Refusal {
		t.Helper()
		_, _, _, err := w.svc.CreateInvite(t.Context(), w.owner, org.NewInvite{Email: email, Role: org.RoleOwner})
		return refusal(t, err)
	}
	_, value := w.invite(t, "Grace@example.com")
	for email, code := range map[string]string{
		"grace@EXAMPLE.com": "already_invited", "ADA@example.com": "already_user",
		"": "empty_string", "x": "invalid_value", "@x": "invalid_value", "x@": "invalid_value", "a b@x": "invalid_value", "a@\x00": "invalid_value", "\xff@x": "invalid_value",
	} {
		if r := ask(email); r.Kind != org.Invalid || r.Param != "email" || r.Code != code {
			t.Errorf("%q: %+v, want %s", email, r, code)
		}
	}
	if _, err := w.accept(t, value); err != nil {
		t.Fatal(err)
	}
	if r := ask("grace@EXAMPLE.com"); r.Code != "already_user" {
		t.Errorf("%+v", r)
	}
}

func inviteSkipsProjectsArchivedSince(t *testing.T, open Open) {
	w := newWorld(t, open)
	var joins []org.InviteProject
	for range 3 {
		joins = append(joins, org.InviteProject{ID: w.newProject(t, "p").ID, Role: org.ProjectMember})
	}
	_, value := w.invite(t, "grace@example.com", joins...)
	if _, _, err := w.svc.ArchiveProject(t.Context(), w.owner, joins[1].ID); err != nil {
		t.Fatal(err)
	}
	made, err := w.accept(t, value)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range joins {
		if _, ok, err := w.ProjectUser(t.Context(), p.ID, made.User.ID); ok != (i != 1) || err != nil {
			t.Errorf("project %d: %t, %v", i, ok, err)
		}
	}
}

func inviteRefusesProjectsThatAreNot(t *testing.T, open Open) {
	w := newWorld(t, open)
	good, archived := w.newProject(t, "p").ID, w.newProject(t, "old").ID
	if _, _, err := w.svc.ArchiveProject(t.Context(), w.owner, archived); err != nil {
		t.Fatal(err)
	}
	many := make([]org.InviteProject, 101)
	for name, tt := range map[string]struct {
		projects []org.InviteProject
		code     string
	}{
		"none such": {[]org.InviteProject{{ID: good, Role: org.ProjectOwner}, {ID: "proj_01JQ8ZK3T5V9W2X4Y6A8B0C1D2", Role: org.ProjectOwner}}, "invalid_value"},
		"no id":     {[]org.InviteProject{{ID: "proj_\x00", Role: org.ProjectOwner}}, "invalid_value"},
		"twice":     {[]org.InviteProject{{ID: good, Role: org.ProjectOwner}, {ID: good, Role: org.ProjectMember}}, "invalid_value"},
		"no role":   {[]org.InviteProject{{ID: good, Role: org.ProjectNone}}, "invalid_value"},
		"archived":  {[]org.InviteProject{{ID: archived, Role: org.ProjectOwner}}, "project_archived"},
		"too many":  {many, "array_above_max_length"},
	} {
		_, _, _, err := w.svc.CreateInvite(t.Context(), w.owner, org.NewInvite{Email: "g@example.com", Role: org.RoleReader, Projects: tt.projects})
		if r := refusal(t, err); r.Kind != org.Invalid || r.Code != tt.code {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// refusedTokenDoesNotTouchTheLog: strangers must not be able to keep its lock busy.
func refusedTokenDoesNotTouchTheLog(t *testing.T, open Open) {
	w := newWorld(t, open)
	unknown, err := token.Mint(token.KindInvite, zeros{})
	if err != nil {
		t.Fatal(err)
	}
	w.do(t, func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventUserAdded})
		// The lock is held here, so who wanted it would wait for the deadline.
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, _, err := w.svc.AcceptInvite(ctx, guest, org.Acceptance{Token: unknown.Reveal(), Name: "Eve"})
		if r, ok := errors.AsType[*org.Refusal](err); !ok || r.Code != "invalid_invite_token" {
			t.Errorf("%v", err)
		}
		return nil
	})
}

func readersMayOnlyReadInvitesAndMembers(t *testing.T, open Open) {
	w := newWorld(t, open)
	ctx, project := t.Context(), w.newProject(t, "p").ID
	invite, _ := w.invite(t, "grace@example.com")
	user := w.join(t, project, w.owner.OwnerID).UserID
	for name, caller := range map[string]org.Caller{"reader": w.people(t, 1, org.RoleReader)[0], "nobody": {}} {
		_, list := w.svc.ListInvites(ctx, caller, org.Page{Limit: 1})
		_, get := w.svc.GetInvite(ctx, caller, invite.ID)
		_, members := w.svc.ListProjectUsers(ctx, caller, project, org.Page{Limit: 1})
		_, member := w.svc.GetProjectUser(ctx, caller, project, user)
		for i, err := range []error{list, get, members, member} {
			if (err == nil) != (name == "reader") {
				t.Errorf("%s, read %d: %v", name, i, err)
			}
		}
		_, _, _, create := w.svc.CreateInvite(ctx, caller, org.NewInvite{})
		_, remove := w.svc.DeleteInvite(ctx, caller, invite.ID)
		_, _, add := w.svc.CreateProjectUser(ctx, caller, project, org.NewProjectUser{})
		_, _, modify := w.svc.UpdateProjectUser(ctx, caller, project, user, nil)
		_, leave := w.svc.DeleteProjectUser(ctx, caller, project, user)
		for i, err := range []error{create, remove, add, modify, leave} {
			if r := refusal(t, err); r.Kind != org.Forbidden {
				t.Errorf("%s, change %d: %+v", name, i, r)
			}
		}
	}
}
