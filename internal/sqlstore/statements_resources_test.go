package sqlstore_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

// everyResource calls what a store has for each resource beside admin keys, and
// leaves the organization as it was.
func everyResource(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	page := org.Page{Limit: 1}
	for _, emails := range [][]string{nil, {"a@example.com", "b@example.com", "c@example.com"}} {
		_, err := s.Users(ctx, org.UserPage{Page: page, Emails: emails})
		must(err)
	}
	_, _, err := s.User(ctx, "user_x")
	must(err)
	_, err = s.AdminKeysOf(ctx, "user_x")
	must(err)
	for _, archived := range []bool{false, true} {
		_, err = s.Projects(ctx, org.ProjectPage{Page: page, Archived: archived})
		must(err)
	}
	_, _, err = s.Project(ctx, "proj_x")
	must(err)
	_, err = s.ServiceAccounts(ctx, "proj_x", page)
	must(err)
	_, _, err = s.ServiceAccount(ctx, "proj_x", "sa_x")
	must(err)
	_, err = s.ProjectAPIKeys(ctx, "proj_x", page)
	must(err)
	_, err = s.ProjectAPIKeys(ctx, "proj_x", org.Page{Limit: 1, Descending: true})
	must(err)
	_, _, err = s.ProjectAPIKey(ctx, "proj_x", "key_x")
	must(err)
	_, err = s.RateLimits(ctx, "proj_x")
	must(err)
	must(s.CountUses(ctx, 1, []org.KeyUses{{KeyID: "x", Count: 1}}))
	_, err = s.UsesOf(ctx, "x", 1, 1)
	must(err)
	must(s.ForgetUses(ctx, 1))
	_, err = s.ProjectUsers(ctx, "proj_x", page)
	must(err)
	_, _, err = s.ProjectUser(ctx, "proj_x", "user_x")
	must(err)
	_, err = s.Invites(ctx, page)
	must(err)
	_, _, err = s.Invite(ctx, "invite_x")
	must(err)
	_, _, err = s.InviteByToken(ctx, [32]byte{1})
	must(err)
	_, err = s.KeysByName(ctx, "", "a", org.KeyPlace{}, 1)
	must(err)
	for _, project := range []string{"", "proj_x"} {
		_, _, err = s.KeysMatching(ctx, org.KeyMatch{ProjectID: project, Text: "a", Forms: [3]string{"a", "b", "c"}}, "", 1)
		must(err)
	}
	_, err = s.UsersMatching(ctx, "a", page)
	must(err)
	_, err = s.ServiceAccountsMatching(ctx, "proj_x", "a", page)
	must(err)
	for _, archived := range []bool{false, true} {
		_, err = s.ProjectsMatching(ctx, "a", org.ProjectPage{Page: page, Archived: archived})
		must(err)
	}
	_, _, err = s.KeyByID(ctx, "key_x")
	must(err)
	_, _, err = s.Session(ctx, [32]byte{})
	must(err)
	must(s.TouchSession(ctx, [32]byte{}, 1))
	_, err = s.Update(ctx, func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventUserAdded, Effects: []org.Effect{org.ProjectSet{ID: "proj_x"}}})
		return everyChange(tx)
	})
	must(err)
	digest := [32]byte{0x77}
	_, err = s.Update(ctx, func(tx org.Tx) error {
		tx.Emit(org.Event{Type: org.EventAPIKeyCreated, Effects: []org.Effect{
			org.KeyAdded{ID: "key_x", Kind: org.KindAdmin, Digest: digest, OwnerType: org.OwnerUser, OwnerID: "user_x"},
			org.OwnerSet{Type: org.OwnerUser, ID: "user_x", Removed: true},
		}})
		return nil
	})
	must(err)
	_, _, err = s.KeyEnd(ctx, digest)
	must(err)
	_, _, err = s.ProjectEnd(ctx, "proj_x")
	must(err)
}

// everyChange calls what a transaction has for each resource.
func everyChange(tx org.Tx) error {
	user, project := org.User{ID: "user_x", Email: "x@example.com"}, org.Project{ID: "proj_x"}
	account := org.ServiceAccount{ID: "sa_x", ProjectID: project.ID}
	read := func(_ any, _ bool, err error) error { return err }
	check := func(_ bool, err error) error { return err }
	for _, do := range []func() error{
		func() error { return tx.InsertUser(user) },
		func() error { return tx.UpdateUser(user) },
		func() error { u, ok, err := tx.User(user.ID); return read(u, ok, err) },
		func() error { u, ok, err := tx.UserByEmail(user.Email); return read(u, ok, err) },
		func() error { return check(tx.OtherOwner(user.ID)) },
		func() error { return check(tx.UsableAdminKeyWithout(user.ID, 1)) },
		func() error { return tx.InsertProject(project) },
		func() error { return tx.UpdateProject(project) },
		func() error { p, ok, err := tx.Project(project.ID); return read(p, ok, err) },
		func() error { return tx.InsertProjectUser(org.ProjectUser{ProjectID: project.ID, UserID: user.ID}) },
		func() error { m, ok, err := tx.ProjectUser(project.ID, user.ID); return read(m, ok, err) },
		func() error { return tx.UpdateProjectUser(org.ProjectUser{ProjectID: project.ID, UserID: user.ID}) },
		func() error { return tx.DeleteProjectUser(project.ID, user.ID) },
		func() error { return tx.InsertInvite(org.Invite{ID: "invite_x"}, [32]byte{1}) },
		func() error { i, ok, err := tx.Invite("invite_x"); return read(i, ok, err) },
		func() error { i, ok, err := tx.InviteByToken([32]byte{1}); return read(i, ok, err) },
		func() error { i, ok, err := tx.PendingInvite("x@example.com", 1); return read(i, ok, err) },
		func() error { return tx.AcceptInvite("invite_x", 1) },
		func() error {
			return tx.InsertInvite(org.Invite{ID: "invite_y", InviterID: "user_y", ExpiresAt: 2}, [32]byte{2})
		},
		func() error { n, err := tx.WithdrawInvites("user_y", 1); return read(n, n == 1, err) },
		func() error { return tx.DeleteInvite("invite_x") },
		func() error { return tx.InsertServiceAccount(account) },
		func() error { return tx.UpdateServiceAccount(account) },
		func() error { a, ok, err := tx.ServiceAccount(project.ID, account.ID); return read(a, ok, err) },
		func() error { o, ok, err := tx.Owner(org.OwnerServiceAccount, account.ID); return read(o, ok, err) },
		func() error { return tx.DeleteServiceAccount(project.ID, account.ID) },
		func() error { return tx.SetRateLimit(org.RateLimit{ProjectID: project.ID, Model: "m"}) },
		func() error { l, ok, err := tx.RateLimit(project.ID, "m"); return read(l, ok, err) },
		func() error { return tx.DeleteUser(user.ID, org.KeysSeen{IDs: []string{"key_x"}, Until: "key_x"}) },
		func() error { return tx.InsertSession(org.Session{}) },
		func() error { return tx.DeleteSession([32]byte{}) },
		func() error { return check(tx.FormSpent([32]byte{})) },
		func() error { return tx.SpendForm([32]byte{}, 1) },
		func() error { return tx.SweepSessions(2) },
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// everyAuditRead fills a block of the audit index, and asks for what is in it in
// every way.
func everyAuditRead(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	_, err := s.Update(t.Context(), func(tx org.Tx) error {
		for range 70 {
			tx.Emit(org.Event{Type: org.EventUserAdded, Actor: org.Actor{OwnerID: "user_x", Email: "x@example.com"}, Resource: "x", Effects: []org.Effect{
				org.OwnerSet{Type: org.OwnerUser, ID: "user_x"}, org.KeyAdded{ID: "key_x", OwnerID: "user_x", ProjectID: "proj_x"},
				org.KeysRemoved{OwnerType: org.OwnerUser, OwnerID: "user_x", ProjectID: "proj_x"}, org.KeyRemoved{},
				org.OwnerSet{Type: org.OwnerUser, ID: "user_x", Removed: true}, org.LimitSet{ProjectID: "proj_x", Model: "m"},
			}})
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	for _, ascending := range []bool{false, true} {
		for _, filter := range []org.AuditFilter{{}, {Emails: []string{"x@example.com"}}, {Resources: []string{"x"}}, {From: 1, Until: 1 << 40}} {
			q := org.AuditQuery{Ascending: ascending, AuditPage: org.AuditPage{AuditFilter: filter, After: "event_~", Before: "event_!", Limit: 100}}
			if events, err := s.AuditEvents(t.Context(), q); err != nil || len(events) < 70 {
				t.Errorf("%+v: %d events, %v", q, len(events), err)
			}
		}
	}
	if more, err := org.NewService(s, rand.Reader, nil).TrimAudit(t.Context(), 1<<40, ed25519.NewKeyFromSeed(make([]byte, 32))); err != nil || !more {
		t.Errorf("TrimAudit = %t, %v", more, err)
	}
	if report, err := s.CheckLog(t.Context(), nil, nil); err != nil || report.Checkpoint == nil {
		t.Errorf("CheckLog = %+v, %v", report.Checkpoint, err)
	}
}
