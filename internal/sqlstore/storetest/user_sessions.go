package storetest

import (
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/org"
)

// userSessionTests are about sessions that no key has made.
var userSessionTests = map[string]func(*testing.T, Open){
	"UserSignsInByAddress":            userSignsInByAddress,
	"UserSessionMakesChanges":         userSessionMakesChanges,
	"UserSessionIsWhatTheUserIs":      userSessionIsWhatTheUserIs,
	"NobodyBecomesAUserBySigningIn":   nobodyBecomesAUserBySigningIn,
	"UserSessionKeepsTheLastKey":      userSessionKeepsTheLastKey,
	"UserSessionEndsWithItsSuccessor": userSessionEndsWithItsSuccessor,
	"RestoreEndsUserSessions":         restoreEndsUserSessions,
}

const adaEmail = "ada@example.com"

var somewhere = org.Origin{IP: "192.0.2.8", UserAgent: "a browser"}

// elsewhere signs somebody in who is known elsewhere.
func (w *world) elsewhere(t *testing.T, email string) org.SessionSecret {
	t.Helper()
	secret, err := w.svc.SignInUser(t.Context(), email, somewhere, org.SessionSecret{})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// caller is who a user's session stands for now, and false when it is over.
func (w *world) caller(t *testing.T, secret org.SessionSecret) (org.Caller, bool) {
	t.Helper()
	session, ok := w.lookAt(t, secret)
	if !ok {
		return org.Caller{}, false
	}
	caller, ok, err := w.svc.SessionUser(t.Context(), session, somewhere)
	if err != nil {
		t.Fatal(err)
	}
	return caller, ok
}

func userSignsInByAddress(t *testing.T, open Open) {
	w := newWorld(t, open)
	secret := w.elsewhere(t, strings.ToUpper(adaEmail))
	want := org.Caller{
		Admin: true, OwnerType: org.OwnerUser, OwnerID: w.owner.OwnerID, Role: org.RoleOwner, Origin: somewhere, Session: true,
	}
	if got, ok := w.caller(t, secret); got != want || !ok {
		t.Errorf("%+v, %t", got, ok)
	}
	if err := w.svc.SignOut(t.Context(), want, secret); err != nil {
		t.Fatal(err)
	}
	if _, ok := w.lookAt(t, secret); ok {
		t.Error("signing out ends nothing")
	}
	all := events(t, w.Store)
	for i, typ := range []org.EventType{org.EventLoginSucceeded, org.EventLogoutSucceeded} {
		e, err := org.DecodeAudit(all[len(all)-2+i].Record)
		actor := org.Actor{
			Type: org.ActorSession, OpenID: true, OwnerType: org.OwnerUser, OwnerID: w.owner.OwnerID, Email: adaEmail, Origin: somewhere,
		}
		if err != nil || e.Type != typ || e.Actor != actor || e.Resource != w.owner.OwnerID {
			t.Errorf("%+v, %v", e, err)
		}
	}
}

func userSessionMakesChanges(t *testing.T, open Open) {
	w := newWorld(t, open)
	ada, _ := w.caller(t, w.elsewhere(t, adaEmail))
	key, _, _, err := w.svc.CreateAdminAPIKey(t.Context(), ada, org.NewAdminAPIKey{Name: "made in a session"})
	if err != nil || key.Owner.ID != ada.OwnerID {
		t.Fatalf("%+v, %v", key, err)
	}
	if e, err := org.DecodeAudit(w.lastEvent(t).Record); err != nil || e.Actor.Type != org.ActorSession || !e.Actor.OpenID || e.Actor.KeyID != "" {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := w.svc.DeleteAdminAPIKey(t.Context(), ada, key.ID); err != nil {
		t.Error(err)
	}
	ada.Form = [32]byte{7}
	for _, want := range []string{"", org.CodeFormSpent} {
		_, _, err := w.svc.CreateProject(t.Context(), ada, org.NewProject{Name: "p"})
		if want == "" && err != nil || want != "" && refusal(t, err).Code != want {
			t.Errorf("the form: %v", err)
		}
	}
}

// userSessionIsWhatTheUserIs changes and removes users whose sessions are open,
// and whose requests are under way.
func userSessionIsWhatTheUserIs(t *testing.T, open Open) {
	w := newWorld(t, open)
	id := w.people(t, 1, org.RoleOwner)[0].OwnerID
	secret := w.elsewhere(t, id+"@example.com")
	create := func(caller org.Caller) error {
		_, _, err := w.svc.CreateProject(t.Context(), caller, org.NewProject{Name: "p"})
		return err
	}
	before, _ := w.caller(t, secret)
	if err := create(before); err != nil {
		t.Fatal(err)
	}
	role := org.RoleReader
	if _, _, err := w.svc.UpdateUser(t.Context(), w.owner, id, org.UserChange{Role: &role}); err != nil {
		t.Fatal(err)
	}
	now, ok := w.caller(t, secret)
	if !ok || now.Role != org.RoleReader {
		t.Errorf("made a reader, it is %+v, %t", now, ok)
	}
	for name, caller := range map[string]org.Caller{"a request that was under way": before, "a request after": now} {
		if r := refusal(t, create(caller)); r.Kind != org.Forbidden {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if _, err := w.svc.DeleteUser(t.Context(), w.owner, id); err != nil {
		t.Fatal(err)
	}
	if caller, ok := w.caller(t, secret); ok {
		t.Errorf("the user is removed, and the session goes on: %+v", caller)
	}
	if r := refusal(t, create(before)); r.Kind != org.Unauthenticated {
		t.Errorf("a request that was under way: %+v", r)
	}
	last := w.commit.last()
	if err := w.svc.SignOut(t.Context(), now, secret); err != nil || w.commit.last() != last {
		t.Errorf("signing out after the end: %v", err)
	}
	if _, err := w.svc.SignInUser(t.Context(), id+"@example.com", somewhere, org.SessionSecret{}); refusal(t, err).Kind != org.Forbidden {
		t.Errorf("signing in after the end: %v", err)
	}
}

func nobodyBecomesAUserBySigningIn(t *testing.T, open Open) {
	w := newWorld(t, open)
	last := w.commit.last()
	for _, email := range []string{
		"mallory@example.com", "", "@", "ada", "ada@example.com\x00", "\x00@x", "\xff@x", "ada@\texample.com", strings.Repeat("a", 2000) + "@example.com",
		"ada@example.com.", "%@example.com", "ad\u00e4@example.com",
	} {
		if _, err := w.svc.SignInUser(t.Context(), email, somewhere, org.SessionSecret{}); refusal(t, err).Kind != org.Forbidden {
			t.Errorf("%q: %v", email, err)
		}
	}
	if w.commit.last() != last {
		t.Error("a stranger left something in the log")
	}
}

// userSessionKeepsTheLastKey has an owner without a key of their own take away
// those of the others: what works with a key must not stop by that.
func userSessionKeepsTheLastKey(t *testing.T, open Open) {
	w := newWorld(t, open)
	other := w.people(t, 1, org.RoleOwner)[0]
	bob, _ := w.caller(t, w.elsewhere(t, other.OwnerID+"@example.com"))
	if _, err := w.svc.DeleteAdminAPIKey(t.Context(), bob, other.KeyID); err != nil {
		t.Fatal(err)
	}
	reader := org.RoleReader
	_, delKey := w.svc.DeleteAdminAPIKey(t.Context(), bob, w.first.ID)
	_, delUser := w.svc.DeleteUser(t.Context(), bob, w.owner.OwnerID)
	_, _, demote := w.svc.UpdateUser(t.Context(), bob, w.owner.OwnerID, org.UserChange{Role: &reader})
	for name, err := range map[string]error{"the last key": delKey, "its owner": delUser, "its owner's role": demote} {
		if r := refusal(t, err); r.Code != "last_admin_api_key" {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if _, _, _, err := w.svc.CreateAdminAPIKey(t.Context(), bob, org.NewAdminAPIKey{Name: "another"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.svc.DeleteUser(t.Context(), bob, w.owner.OwnerID); err != nil {
		t.Errorf("with another key: %v", err)
	}
	if _, err := w.svc.DeleteUser(t.Context(), bob, bob.OwnerID); refusal(t, err).Code != "last_owner" {
		t.Errorf("the last owner: %v", err)
	}
}

func userSessionEndsWithItsSuccessor(t *testing.T, open Open) {
	w := newWorld(t, open)
	byKey := w.signIn(t, w.owner)
	first, err := w.svc.SignInUser(t.Context(), adaEmail, somewhere, byKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := w.lookAt(t, byKey); ok {
		t.Error("the session before goes on")
	}
	second, err := w.svc.SignIn(t.Context(), w.owner, first)
	if err != nil || !w.session(t, second) {
		t.Fatal(err)
	}
	if _, ok := w.lookAt(t, first); ok {
		t.Error("the user's session goes on after signing in by key")
	}
}

func restoreEndsUserSessions(t *testing.T, open Open) {
	w := newWorld(t, open)
	secret := w.elsewhere(t, adaEmail)
	if _, err := w.svc.NoteRestore(t.Context(), org.Head{}, org.Head{}); err != nil {
		t.Fatal(err)
	}
	if _, ok := w.lookAt(t, secret); ok {
		t.Error("a session came back with the backup")
	}
}
