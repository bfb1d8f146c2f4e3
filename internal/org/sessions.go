package org

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// How long a session of the console lasts, in seconds: without a request, and in
// all. It ends earlier with the admin key that it was made by.
const (
	SessionIdle     = 60 * 60
	SessionLifetime = 12 * 60 * 60

	// sessionTouch is how old the noted time of the last request must be for the
	// next one to be noted: a read of a page should not be a write.
	sessionTouch = 60
)

// Session is somebody signed in to the console. It stands for the admin key that
// it was made by and can do what that key can, for as long as it can. One that was
// made by signing in elsewhere stands for a user in the same way.
type Session struct {
	Digest    [32]byte // of its secret, which only the browser has
	KeyDigest [32]byte // of the key; zero for a user's
	UserID    string   // empty: it is of a key
	CreatedAt int64    // Unix seconds
	SeenAt    int64    // Unix seconds, up to a minute old
}

// EndsAt is the Unix second at which the session ends if no request comes.
func (s Session) EndsAt() int64 { return min(s.SeenAt+SessionIdle, s.CreatedAt+SessionLifetime) }

// SessionSecret is what the browser of a session keeps. It prints as nothing.
type SessionSecret [32]byte

// Digest returns what is stored of the secret.
func (s SessionSecret) Digest() [32]byte { return sha256.Sum256(s[:]) }

// Format writes no part of the secret, whatever the verb.
func (SessionSecret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "...") }

// SessionStore reads sessions. They are not part of the log; that somebody
// signed in or out is.
type SessionStore interface {
	Session(ctx context.Context, digest [32]byte) (session Session, ok bool, err error)
	// TouchSession notes the time of a request.
	TouchSession(ctx context.Context, digest [32]byte, at int64) error
}

// SessionTx changes sessions.
type SessionTx interface {
	InsertSession(s Session) error
	DeleteSession(digest [32]byte) error
	// SweepSessions deletes the sessions and forms from before a time.
	SweepSessions(before int64) error

	// FormSpent says whether a form was sent before, and SpendForm notes that it
	// was.
	FormSpent(form [32]byte) (bool, error)
	SpendForm(form [32]byte, at int64) error
}

// SignIn makes a session for the admin key of the caller. The secret is returned
// here and kept nowhere. The session that the browser had ends: nobody could end
// it any more. Its secret is zero where there was none.
func (s *Service) SignIn(ctx context.Context, caller Caller, had SessionSecret) (SessionSecret, error) {
	if err := caller.Require(ManagementRead); err != nil {
		return SessionSecret{}, err
	}
	caller.Session = true
	return s.beginSession(ctx, had, func(tx Tx) (Session, Actor, error) {
		owner, key, err := stillGood(tx, caller, ManagementRead)
		return Session{KeyDigest: key.Digest}, caller.actor(owner), err
	})
}

// SignInUser makes a session for the user with an email address, of whom another
// authority has made sure. Nobody becomes a user by that: an address that no user
// has is refused.
func (s *Service) SignInUser(ctx context.Context, email string, origin Origin, had SessionSecret) (SessionSecret, error) {
	if checkEmail("email", email) != nil { // no user has it, and a database may take it for no text
		return SessionSecret{}, errNoUser
	}
	return s.beginSession(ctx, had, func(tx Tx) (Session, Actor, error) {
		user, ok, err := tx.UserByEmail(email)
		if err == nil && !ok {
			err = errNoUser
		}
		if err != nil {
			return Session{}, Actor{}, err
		}
		caller := callerOf(user, origin)
		return Session{UserID: user.ID}, caller.actor(user.asOwner()), caller.Require(ManagementRead)
	})
}

// callerOf is a user in a session that no key has made.
func callerOf(user User, origin Origin) Caller {
	return Caller{Admin: true, OwnerType: OwnerUser, OwnerID: user.ID, Role: user.Role, Origin: origin, Session: true}
}

// errNoUser says who may not come in.
var errNoUser = &Refusal{Kind: Forbidden, Message: "No user of this organization has this email address."}

// beginSession makes a session for whom who finds.
func (s *Service) beginSession(ctx context.Context, had SessionSecret, who func(Tx) (Session, Actor, error)) (SessionSecret, error) {
	var secret SessionSecret
	if _, err := io.ReadFull(s.random, secret[:]); err != nil {
		return SessionSecret{}, fmt.Errorf("sign in: %w", err)
	}
	_, err := s.store.Update(ctx, func(tx Tx) error {
		session, actor, err := who(tx)
		if err != nil {
			return err
		}
		if err := tx.SweepSessions(tx.Now() - SessionLifetime); err != nil {
			return err
		}
		if had != (SessionSecret{}) {
			if err := tx.DeleteSession(had.Digest()); err != nil {
				return err
			}
		}
		session.Digest, session.CreatedAt, session.SeenAt = secret.Digest(), tx.Now(), tx.Now()
		if err := tx.InsertSession(session); err != nil {
			return err
		}
		tx.Emit(Event{Type: EventLoginSucceeded, Actor: actor, Resource: actor.OwnerID, Data: map[string]any{}})
		return nil
	})
	if err != nil {
		return SessionSecret{}, fmt.Errorf("sign in: %w", err)
	}
	return secret, nil
}

// Session returns the session of a secret at the Unix second now, and false when
// it is over. Whether its key is still good is for the caller to find out, and
// SessionUser tells whether its user is.
func (s *Service) Session(ctx context.Context, secret SessionSecret, now int64) (Session, bool, error) {
	session, ok, err := s.store.Session(ctx, secret.Digest())
	if err != nil {
		return Session{}, false, fmt.Errorf("read the session: %w", err)
	}
	return session, ok && now < session.EndsAt(), nil
}

// SessionUser returns the user of a session that has one as the caller that the
// user is now, and false when there is no such user any more. It asks storage each
// time: what changed on one replica holds on all.
func (s *Service) SessionUser(ctx context.Context, session Session, origin Origin) (Caller, bool, error) {
	user, ok, err := s.store.User(ctx, session.UserID)
	if err != nil {
		return Caller{}, false, fmt.Errorf("read the user of the session: %w", err)
	}
	return callerOf(user, origin), ok, nil
}

// KeepSession notes that somebody used the session at the Unix second now. What a
// page does by itself, nobody did.
func (s *Service) KeepSession(ctx context.Context, session Session, now int64) error {
	if now-session.SeenAt < sessionTouch {
		return nil
	}
	if err := s.store.TouchSession(ctx, session.Digest, now); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	return nil
}

// SignOut ends a session. One whose key has ended, or its user, is over already.
func (s *Service) SignOut(ctx context.Context, caller Caller, secret SessionSecret) error {
	_, err := s.store.Update(ctx, func(tx Tx) error {
		owner, _, err := stillGood(tx, caller, ManagementRead)
		if err != nil {
			return err
		}
		tx.Emit(Event{Type: EventLogoutSucceeded, Actor: caller.actor(owner), Resource: owner.ID, Data: map[string]any{}})
		return tx.DeleteSession(secret.Digest())
	})
	if err != nil && !errors.Is(err, errKeyEnded) && !errors.Is(err, errUserGone) {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

// once lets a change with a form be made one time: a browser sends a form again
// when somebody goes back and reloads, and a second key would be made.
func (c Caller) once(tx Tx, change func() error) error {
	if c.Form == [32]byte{} {
		return change()
	}
	switch spent, err := tx.FormSpent(c.Form); {
	case err != nil:
		return err
	case spent:
		return errFormSpent
	}
	if err := change(); err != nil {
		return err
	}
	return tx.SpendForm(c.Form, tx.Now())
}

var errFormSpent = &Refusal{
	Kind: Invalid, Code: CodeFormSpent,
	Message: "This form was sent before, and its change was made then. It was not made again.",
}
