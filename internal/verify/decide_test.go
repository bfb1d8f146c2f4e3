package verify_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

func TestOutcomes(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindProject)
	stranger, _ := mint(t, token.KindProject)
	projectKey := verify.KeyAdded{
		ID: testKey, Digest: digest, Kind: token.KindProject,
		OwnerType: verify.OwnerServiceAccount, OwnerID: "sa_1", ProjectID: "proj_1",
	}
	expires := projectKey
	expires.ExpiresAt = created + 100
	var (
		removed   = verify.OwnerChanged{Type: verify.OwnerServiceAccount, ID: "sa_1", Role: "member", Removed: true}
		namesake  = verify.OwnerChanged{Type: verify.OwnerUser, ID: "sa_1", Removed: true}
		back      = verify.OwnerChanged{Type: verify.OwnerServiceAccount, ID: "sa_1", Role: "member"}
		archived  = verify.ProjectChanged{ID: "proj_1", Archived: true}
		unarchive = verify.ProjectChanged{ID: "proj_1"}
		other     = verify.ProjectChanged{ID: "proj_2", Archived: true}
	)
	type effects = []verify.Effect
	tests := []struct {
		name    string
		effects effects
		key     string
		now     int64
		want    verify.Outcome
	}{
		{"good", effects{projectKey}, key, created, verify.Allowed},
		{"nothing there", nil, key, created, verify.Unknown},
		{"never issued", effects{projectKey}, stranger, created, verify.Unknown},
		{"one character off", effects{projectKey}, key[:len(key)-1] + "-", created, verify.Malformed},
		{"empty", effects{projectKey}, "", created, verify.Malformed},
		{"enormous", effects{projectKey}, strings.Repeat(key, 1000), created, verify.Malformed},
		{"removed", effects{projectKey, verify.KeyRemoved{Digest: digest}}, key, created, verify.Unknown},
		{"removed twice", effects{projectKey, verify.KeyRemoved{Digest: digest}, verify.KeyRemoved{Digest: digest}}, key, created, verify.Unknown},
		{"added again", effects{projectKey, verify.KeyRemoved{Digest: digest}, projectKey}, key, created, verify.Allowed},
		{"a second before it expires", effects{expires}, key, created + 99, verify.Allowed},
		{"the second it expires", effects{expires}, key, created + 100, verify.Expired},
		{"expiry moved forward", effects{projectKey, expires}, key, created + 100, verify.Expired},
		{"expiry taken away", effects{expires, projectKey}, key, created + 100, verify.Allowed},
		{"owner removed", effects{projectKey, removed}, key, created, verify.Revoked},
		{"owner removed before the key came", effects{removed, projectKey}, key, created, verify.Revoked},
		{"owner of the same id and another type removed", effects{projectKey, namesake}, key, created, verify.Allowed},
		{"owner back", effects{projectKey, removed, back}, key, created, verify.Allowed},
		{"project archived", effects{projectKey, archived}, key, created, verify.ProjectArchived},
		{"project archived before the key came", effects{archived, projectKey}, key, created, verify.ProjectArchived},
		{"another project archived", effects{projectKey, other}, key, created, verify.Allowed},
		{"project taken back", effects{projectKey, archived, unarchive}, key, created, verify.Allowed},
		{"all at once", effects{expires, archived, removed}, key, created + 100, verify.Revoked},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := loaded(t)
			apply(t, x, tt.effects...)
			if got := x.Decide(tt.key, tt.now).Outcome; got != tt.want {
				t.Errorf("applied: %v, want %v", got, tt.want)
			}
			if got := loaded(t, tt.effects...).Decide(tt.key, tt.now).Outcome; got != tt.want {
				t.Errorf("loaded: %v, want %v", got, tt.want)
			}
		})
	}
}

// described is all that a decision tells.
type described struct {
	Outcome                     verify.Outcome
	Found                       bool
	KeyID                       string
	Kind                        token.Kind
	CreatedAt, ExpiresAt        int64
	OwnerType                   verify.OwnerType
	OwnerID, OwnerRole, Project string
}

func describe(d verify.Decision) described {
	return described{
		d.Outcome, d.Found(), d.KeyID(), d.Kind(), d.CreatedAt(), d.ExpiresAt(),
		d.OwnerType(), d.OwnerID(), d.OwnerRole(), d.ProjectID(),
	}
}

func TestDecisionTellsWhoseKeyItIs(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindServiceAccount)
	admin, adminDigest := mint(t, token.KindAdmin)
	x := loaded(t,
		verify.OwnerChanged{Type: verify.OwnerUser, ID: "user_1", Role: "owner"},
		adminKey(adminDigest),
		verify.KeyAdded{
			ID: testKey, Digest: digest, Kind: token.KindServiceAccount,
			OwnerType: verify.OwnerServiceAccount, OwnerID: "sa_1", ProjectID: "proj_1", ExpiresAt: created + 7,
		},
	)
	got := x.Decide(key, created+7)
	want := described{
		Outcome: verify.Expired, Found: true, KeyID: testKey, Kind: token.KindServiceAccount,
		CreatedAt: created, ExpiresAt: created + 7,
		OwnerType: verify.OwnerServiceAccount, OwnerID: "sa_1", Project: "proj_1",
	}
	if diff := cmp.Diff(want, describe(got)); diff != "" {
		t.Errorf("expired key (-want +got):\n%s", diff)
	}
	adminGot := x.Decide(admin, created)
	wantAdmin := described{
		Outcome: verify.Allowed, Found: true, KeyID: testKey, Kind: token.KindAdmin, CreatedAt: created,
		OwnerType: verify.OwnerUser, OwnerID: "user_1", OwnerRole: "owner",
	}
	if diff := cmp.Diff(wantAdmin, describe(adminGot)); diff != "" {
		t.Errorf("admin key (-want +got):\n%s", diff)
	}

	apply(t, x, verify.KeyRemoved{Digest: adminDigest},
		verify.OwnerChanged{Type: verify.OwnerUser, ID: "user_1", Role: "reader"})
	load(t, x, 9)
	wantAdmin.OwnerRole = "reader" // as it is now: a right that was taken is not given by an older decision
	if diff := cmp.Diff(wantAdmin, describe(adminGot)); diff != "" {
		t.Errorf("a decision after its key was revoked and its owner made a reader (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(described{}, describe(x.Decide(admin, created))); diff != "" {
		t.Errorf("unknown key (-want +got):\n%s", diff)
	}
}

func TestRoleFollowsTheLog(t *testing.T) {
	t.Parallel()
	key, digest := mint(t, token.KindAdmin)
	x := loaded(t, adminKey(digest))
	for _, role := range []string{"", "owner", "reader", "owner"} {
		apply(t, x, verify.OwnerChanged{Type: verify.OwnerUser, ID: "user_1", Role: role})
		if got := x.Decide(key, created).OwnerRole(); got != role {
			t.Errorf("role %q, want %q", got, role)
		}
	}
}

func TestExpiryBeyondItsRangeNeverLengthens(t *testing.T) {
	t.Parallel()
	for at, want := range map[int64]int64{-5: 1, 1 << 32: 1<<32 - 1, 1 << 62: 1<<32 - 1} {
		key, digest := mint(t, token.KindAdmin)
		k := adminKey(digest)
		k.ExpiresAt = at
		if got := loaded(t, k).Decide(key, created).ExpiresAt(); got != want {
			t.Errorf("expiry %d is held as %d, want %d", at, got, want)
		}
	}
}

func TestOutcomeNames(t *testing.T) {
	t.Parallel()
	var got []string
	for i, o := range verify.Outcomes() {
		if int(o) != i {
			t.Errorf("outcome %d in place %d", o, i)
		}
		got = append(got, o.String())
	}
	want := []string{"unknown", "malformed", "allowed", "revoked", "expired", "project_archived", "limited", "stale", "wrong_kind", "no_key", "ambiguous"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if got := verify.Outcome(99).String(); got != "unknown" {
		t.Errorf("outcome 99 is %q", got)
	}
}

func TestDecideDoesNotAllocate(t *testing.T) {
	x := loaded(t)
	var presented []string
	for i := range 500 {
		key, digest := mint(t, token.KindAdmin)
		k := adminKey(digest)
		k.ID = keyID(i)
		apply(t, x, k)
		presented = append(presented, key, key[1:])
	}
	stranger, _ := mint(t, token.KindAdmin)
	presented = append(presented, stranger)
	id := make([]byte, 0, 64)
	uses := make([]verify.Use, 0, 1000)
	now := int64(created)
	round := func() {
		now += 60 // so that every good key is noted as used
		for _, key := range presented {
			x.DecideKinds(key, now, 0)
			d := x.Decide(key, now)
			id = d.AppendKeyID(id[:0])
			_, _, _ = d.OwnerID(), d.OwnerRole(), d.ProjectID()
		}
	}
	round()
	x.DrainUses(uses)
	if n := testing.AllocsPerRun(1, round); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
