package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
)

var sessionTests = map[string]func(*testing.T, Open){
	"SessionLastsWithItsRequests":     sessionLastsWithItsRequests,
	"SessionEndsInTheEnd":             sessionEndsInTheEnd,
	"SignedOutSessionIsGone":          signedOutSessionIsGone,
	"LookKeepsNoSession":              lookKeepsNoSession,
	"SigningInIsLogged":               signingInIsLogged,
	"EndedKeySignsNobodyIn":           endedKeySignsNobodyIn,
	"FormIsTakenOnce":                 formIsTakenOnce,
	"FormOfARefusedChangeIsNotSpent":  formOfARefusedChangeIsNotSpent,
	"OldSessionsAndFormsAreForgotten": oldSessionsAndFormsAreForgotten,
	"RestoreEndsAllSessions":          restoreEndsAllSessions,
}

func (w *world) signIn(t *testing.T, caller org.Caller) org.SessionSecret {
	t.Helper()
	secret, err := w.svc.SignIn(t.Context(), caller, org.SessionSecret{})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// session says whether a session is there at the world's time, and uses it.
func (w *world) session(t *testing.T, secret org.SessionSecret) bool {
	t.Helper()
	s, ok := w.lookAt(t, secret)
	if !ok {
		return false
	}
	if err := w.svc.KeepSession(t.Context(), s, w.clock.Now().Unix()); err != nil {
		t.Fatal(err)
	}
	if s.KeyDigest != w.first.Digest {
		t.Error("the session is of another key")
	}
	return true
}

// lookAt is session without using it.
func (w *world) lookAt(t *testing.T, secret org.SessionSecret) (org.Session, bool) {
	t.Helper()
	s, ok, err := w.svc.Session(t.Context(), secret, w.clock.Now().Unix())
	if err != nil {
		t.Fatal(err)
	}
	return s, ok
}

func lookKeepsNoSession(t *testing.T, open Open) {
	w := newWorld(t, open)
	secret := w.signIn(t, w.owner)
	w.clock.advance(org.SessionIdle*time.Second - time.Second)
	if _, ok := w.lookAt(t, secret); !ok {
		t.Error("it ended before its time")
	}
	w.clock.advance(time.Second)
	if _, ok := w.lookAt(t, secret); ok {
		t.Error("to look at it made it last longer")
	}
}

func sessionLastsWithItsRequests(t *testing.T, open Open) {
	w := newWorld(t, open)
	secret := w.signIn(t, w.owner)
	for range 5 {
		w.clock.advance(org.SessionIdle*time.Second - time.Second)
		if !w.session(t, secret) {
			t.Fatal("it ended before its time")
		}
	}
	w.clock.advance(org.SessionIdle * time.Second)
	if w.session(t, secret) {
		t.Error("it goes on without a request")
	}
	if w.session(t, org.SessionSecret{1}) {
		t.Error("any secret will do")
	}
}

func sessionEndsInTheEnd(t *testing.T, open Open) {
	w := newWorld(t, open)
	secret := w.signIn(t, w.owner)
	const step = org.SessionIdle / 2
	for at := step; at < org.SessionLifetime; at += step {
		w.clock.advance(step * time.Second)
		if !w.session(t, secret) {
			t.Fatalf("it ended after %d s", at)
		}
	}
	w.clock.advance(step * time.Second)
	if w.session(t, secret) {
		t.Error("it goes on for ever")
	}
}

func signedOutSessionIsGone(t *testing.T, open Open) {
	w := newWorld(t, open)
	one, other := w.signIn(t, w.owner), w.signIn(t, w.owner)
	if err := w.svc.SignOut(t.Context(), w.owner, one); err != nil {
		t.Fatal(err)
	}
	if w.session(t, one) || !w.session(t, other) {
		t.Error("the wrong session ended")
	}
}

func signingInIsLogged(t *testing.T, open Open) {
	w := newWorld(t, open)
	secret := w.signIn(t, w.owner)
	if e := w.lastEvent(t); e.Type != org.EventLoginSucceeded || e.ActorID != w.owner.OwnerID {
		t.Errorf("%+v", e)
	}
	caller := w.owner
	caller.Session = true
	if err := w.svc.SignOut(t.Context(), caller, secret); err != nil {
		t.Fatal(err)
	}
	e, err := org.DecodeAudit(w.lastEvent(t).Record)
	want := org.Actor{
		Type: org.ActorSession, KeyID: w.owner.KeyID, OwnerType: w.owner.OwnerType, OwnerID: w.owner.OwnerID,
		Email: "ada@example.com", Origin: w.owner.Origin,
	}
	if err != nil || e.Type != org.EventLogoutSucceeded || e.Actor != want {
		t.Errorf("%+v, %v", e, err)
	}
}

func endedKeySignsNobodyIn(t *testing.T, open Open) {
	w := newWorld(t, open)
	key := w.create(t, "brief", 10)
	caller := w.owner
	caller.KeyID = key.ID
	reader := w.people(t, 1, org.RoleReader)[0]
	w.signIn(t, caller)
	secret := w.signIn(t, reader)
	w.clock.advance(10 * time.Second)
	if _, err := w.svc.SignIn(t.Context(), caller, org.SessionSecret{}); refusal(t, err).Kind != org.Unauthenticated {
		t.Errorf("an expired key: %v", err)
	}
	before := w.commit.last()
	if err := w.svc.SignOut(t.Context(), caller, org.SessionSecret{}); err != nil || w.commit.last() != before {
		t.Errorf("signing out after the end: %v", err)
	}
	if err := w.svc.SignOut(t.Context(), reader, secret); err != nil {
		t.Errorf("a reader signs out: %v", err)
	}
	nobody := w.owner
	nobody.Admin = false
	if _, err := w.svc.SignIn(t.Context(), nobody, org.SessionSecret{}); refusal(t, err).Kind != org.Forbidden {
		t.Errorf("a project key: %v", err)
	}
}

func formIsTakenOnce(t *testing.T, open Open) {
	w := newWorld(t, open)
	caller := w.owner
	caller.Form = [32]byte{7}
	create := func() error {
		_, _, err := w.svc.CreateProject(t.Context(), caller, org.NewProject{Name: "p"})
		return err
	}
	if err := create(); err != nil {
		t.Fatal(err)
	}
	before := w.commit.last()
	if r := refusal(t, create()); r.Code != org.CodeFormSpent || w.commit.last() != before {
		t.Errorf("%+v", r)
	}
	caller.Form = [32]byte{8}
	if err := create(); err != nil {
		t.Errorf("another form: %v", err)
	}
}

func formOfARefusedChangeIsNotSpent(t *testing.T, open Open) {
	w := newWorld(t, open)
	caller := w.owner
	caller.Form = [32]byte{7}
	// Refused in the transaction: it is the last one.
	if _, err := w.svc.DeleteAdminAPIKey(t.Context(), caller, w.first.ID); refusal(t, err).Code != "last_admin_api_key" {
		t.Fatal(err)
	}
	if _, _, err := w.svc.CreateProject(t.Context(), caller, org.NewProject{Name: "p"}); err != nil {
		t.Error(err)
	}
}

func oldSessionsAndFormsAreForgotten(t *testing.T, open Open) {
	w := newWorld(t, open)
	secret := w.signIn(t, w.owner)
	caller := w.owner
	caller.Form = [32]byte{7}
	if _, _, err := w.svc.CreateProject(t.Context(), caller, org.NewProject{Name: "p"}); err != nil {
		t.Fatal(err)
	}
	w.clock.advance((org.SessionLifetime + 1) * time.Second)
	w.signIn(t, w.owner)
	if _, ok, err := w.Session(t.Context(), secret.Digest()); ok || err != nil {
		t.Errorf("the old session is kept: %v", err)
	}
	w.do(t, func(tx org.Tx) error {
		if spent, err := tx.FormSpent(caller.Form); spent || err != nil {
			return errors.Join(err, errors.New("the old form is kept"))
		}
		tx.Emit(org.Event{Type: org.EventUserUpdated})
		return nil
	})
}

func restoreEndsAllSessions(t *testing.T, open Open) {
	w := newWorld(t, open)
	secret := w.signIn(t, w.owner)
	if _, err := w.svc.NoteRestore(t.Context(), org.Head{}, org.Head{}); err != nil {
		t.Fatal(err)
	}
	if w.session(t, secret) {
		t.Error("a session came back with the backup")
	}
}
