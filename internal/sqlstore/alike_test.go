package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/token"
)

// twin is one engine's store. All its randomness and its clock are the test's,
// so that both engines must give the same answers down to ids and hashes.
type twin struct {
	store *sqlstore.Store
	svc   *org.Service
	now   time.Time
}

func newTwin(t *testing.T, database string) *twin {
	t.Helper()
	w := &twin{now: time.Unix(1_800_000_000, 0)}
	w.store = open(t, sqlstore.Config{
		Database: database, Random: seeded(1), Now: func() time.Time { return w.now },
	})
	w.svc = org.NewService(w.store, seeded(2), nil)
	return w
}

func seeded(n byte) io.Reader { return rand.NewChaCha8([32]byte{n}) }

// answer is what an operation returned, as text.
func answer(result any, err error) string {
	if r, ok := errors.AsType[*org.Refusal](err); ok {
		return fmt.Sprintf("refused: %+v", *r)
	}
	return fmt.Sprintf("%+v, %v", result, err)
}

// model is what the keys should be.
type model struct {
	keys []org.AdminAPIKey // in id order
	time int64             // Unix seconds of the last change; it is never earlier again
}

func (m *model) find(id string) int {
	return slices.IndexFunc(m.keys, func(k org.AdminAPIKey) bool { return k.ID == id })
}

// page is the model's answer to a list.
func (m *model) page(p org.Page) (out org.ListPage[org.AdminAPIKey]) {
	keys := slices.Clone(m.keys)
	if p.Descending {
		slices.Reverse(keys)
	}
	for _, key := range keys {
		order := strings.Compare(key.ID, p.After)
		if p.After != "" && (order == 0 || (order < 0) != p.Descending) {
			continue
		}
		if len(out.Items) == p.Limit {
			out.HasMore = p.Limit > 0
			break
		}
		out.Items = append(out.Items, key)
	}
	return out
}

// TestEnginesAnswerAlike runs random operations on both engines and on a plain
// model, and wants the same answers of all and the same log of both.
func TestEnginesAnswerAlike(t *testing.T) {
	t.Parallel()
	sqlite, postgres := newTwin(t, engines["sqlite"](t)), newTwin(t, engines["postgres"](t))
	owner := bootstrap(t, sqlite.svc)
	if other := bootstrap(t, postgres.svc); other != owner {
		t.Fatalf("first owners differ: %+v and %+v", owner, other)
	}
	ctx := t.Context()
	rapid.Check(t, func(rt *rapid.T) {
		// both runs an operation on both engines and returns their answer.
		both := func(do func(w *twin) (any, error)) string {
			a, b := answer(do(sqlite)), answer(do(postgres))
			if a != b {
				rt.Fatalf("answers differ:\nsqlite:   %s\npostgres: %s", a, b)
			}
			return a
		}
		expect := func(want, got string) {
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("(-model +stores):\n%s", diff)
			}
		}
		var m model
		reset(ctx, rt, &m, owner, sqlite, postgres)
		var deleted []string
		drawID := func(rt *rapid.T) string {
			known := []string{owner.OwnerID, "key_", strings.ToLower(m.keys[0].ID), "key_00000000000000000000000000", "key_7ZZZZZZZZZZZZZZZZZZZZZZZZZ"}
			for _, key := range m.keys {
				known = append(known, key.ID)
			}
			return rapid.SampledFrom(append(known, deleted...)).Draw(rt, "id")
		}
		// as returns a caller with one of the live keys, and whether it expired.
		as := func(rt *rapid.T) (org.Caller, bool) {
			key := rapid.SampledFrom(m.keys).Draw(rt, "caller")
			caller := owner
			caller.KeyID = key.ID
			return caller, key.ExpiresAt != 0 && max(sqlite.now.Unix(), m.time) >= key.ExpiresAt
		}
		const ended = "revoked or expired while the request was under way"
		rt.Repeat(map[string]func(*rapid.T){
			"create": func(rt *rapid.T) {
				caller, expired := as(rt)
				in := org.NewAdminAPIKey{Name: rapid.OneOf(rapid.String(), rapid.Just("key"), rapid.StringN(250, 260, -1)).Draw(rt, "name")}
				if rapid.Bool().Draw(rt, "expires") {
					seconds := rapid.SampledFrom([]int64{-1, 0, 1, 2, 10, 31_536_000, 31_536_001}).Draw(rt, "seconds")
					in.ExpiresInSeconds = &seconds
				}
				var made org.AdminAPIKey
				var err error
				both(func(w *twin) (any, error) {
					var commit org.Commit
					made, _, commit, err = w.svc.CreateAdminAPIKey(ctx, caller, in)
					return []any{made, commit}, err
				})
				if err == nil {
					m.keys, m.time = append(m.keys, made), made.CreatedAt
				}
				if err == nil && expired {
					rt.Fatalf("an expired key made %s", made.ID)
				}
			},
			"delete": func(rt *rapid.T) {
				id := drawID(rt)
				caller, expired := as(rt)
				got := both(func(w *twin) (any, error) { return w.svc.DeleteAdminAPIKey(ctx, caller, id) })
				i := m.find(id)
				_, isID := org.ParseID(org.PrefixKey, id)
				now := max(sqlite.now.Unix(), m.time)
				usable := slices.ContainsFunc(m.keys, func(k org.AdminAPIKey) bool {
					return k.ID != id && (k.ExpiresAt == 0 || now < k.ExpiresAt)
				})
				switch {
				case isID && expired:
					expectRefusal(rt, got, ended)
				case i < 0:
					expectRefusal(rt, got, "No such admin API key")
				case !usable:
					expectRefusal(rt, got, "last_admin_api_key")
				case strings.HasPrefix(got, "refused"):
					rt.Fatalf("delete %s: %s", id, got)
				default:
					m.keys, m.time = slices.Delete(m.keys, i, i+1), now
					deleted = append(deleted, id)
				}
			},
			"get": func(rt *rapid.T) {
				id := drawID(rt)
				got := both(func(w *twin) (any, error) { return w.svc.GetAdminAPIKey(ctx, owner, id) })
				if i := m.find(id); i >= 0 {
					expect(answer(m.keys[i], nil), got)
				} else {
					expectRefusal(rt, got, "No such admin API key")
				}
			},
			"list": func(rt *rapid.T) {
				page := org.Page{Limit: rapid.IntRange(-1, 101).Draw(rt, "limit"), Descending: rapid.Bool().Draw(rt, "descending")}
				if rapid.Bool().Draw(rt, "after") {
					page.After = drawID(rt)
				}
				got := both(func(w *twin) (any, error) { return w.svc.ListAdminAPIKeys(ctx, owner, page) })
				_, isID := org.ParseID(org.PrefixKey, page.After)
				if page.Limit < 0 || page.Limit > 100 || (page.After != "" && !isID) {
					expectRefusal(rt, got, "Invalid '")
				} else {
					expect(answer(m.page(page), nil), got)
				}
			},
			"use": func(rt *rapid.T) {
				var uses []org.Use
				for range rapid.IntRange(0, 5).Draw(rt, "uses") {
					u := org.Use{KeyID: drawID(rt), At: rapid.Int64Range(1, 100).Draw(rt, "at")}
					uses = append(uses, u)
					if i := m.find(u.KeyID); i >= 0 {
						m.keys[i].LastUsedAt = max(m.keys[i].LastUsedAt, u.At)
					}
				}
				both(func(w *twin) (any, error) { return nil, w.store.RecordUses(ctx, uses) })
			},
			"clock": func(rt *rapid.T) {
				step := time.Duration(rapid.SampledFrom([]int{-3_600_000, -1, 0, 1, 400, 1000, 60_000}).Draw(rt, "ms")) * time.Millisecond
				sqlite.now, postgres.now = sqlite.now.Add(step), postgres.now.Add(step)
			},
			"": func(*rapid.T) { // after each of them
				both(func(w *twin) (any, error) { return w.store.Head(ctx) })
			},
		})
		got := both(func(w *twin) (any, error) { return snapshot(ctx, w.store) })
		if n := strings.Count(got, "{ID:key_"); n != len(m.keys) {
			rt.Fatalf("a snapshot of %d keys, want %d", n, len(m.keys))
		}
	})
	for _, w := range []*twin{sqlite, postgres} {
		if _, err := w.store.VerifyLog(ctx, nil); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(allEvents(t, sqlite.store), allEvents(t, postgres.store)); diff != "" {
		t.Errorf("logs (-sqlite +postgres):\n%s", diff)
	}
}

func expectRefusal(rt *rapid.T, got, want string) {
	if !strings.HasPrefix(got, "refused: ") || !strings.Contains(got, want) {
		rt.Fatalf("answer %s, want a refusal that says %q", got, want)
	}
}

// reset leaves one key, made for the occasion, and starts the model from it.
func reset(ctx context.Context, rt *rapid.T, m *model, owner org.Caller, twins ...*twin) {
	for _, w := range twins {
		w.now = w.now.Add(365 * 24 * time.Hour) // past all that went before
		var key org.AdminAPIKey
		err := w.svc.Recover(ctx, func(k org.AdminAPIKey, _ token.Secret) error { key = k; return nil })
		if err != nil {
			rt.Fatal(err)
		}
		owner.KeyID = key.ID
		m.keys, m.time = []org.AdminAPIKey{key}, key.CreatedAt
		for {
			list, err := w.svc.ListAdminAPIKeys(ctx, owner, org.Page{Limit: 2})
			if err != nil {
				rt.Fatal(err)
			}
			if list.Items[0].ID == key.ID {
				break
			}
			if _, err := w.svc.DeleteAdminAPIKey(ctx, owner, list.Items[0].ID); err != nil {
				rt.Fatal(err)
			}
		}
	}
}

// snapshot returns what the index would be built from.
func snapshot(ctx context.Context, s *sqlstore.Store) (any, error) {
	var users []org.User
	var projects []org.Project
	var keys []org.SnapshotKey
	head, err := s.Snapshot(ctx, org.SnapshotVisitor{
		User:    func(u org.User) error { users = append(users, u); return nil },
		Project: func(p org.Project) error { projects = append(projects, p); return nil },
		Key:     func(k org.SnapshotKey) error { keys = append(keys, k); return nil },
	})
	slices.SortFunc(keys, func(a, b org.SnapshotKey) int { return strings.Compare(a.ID, b.ID) })
	return []any{head, users, projects, keys}, err
}

func allEvents(t *testing.T, s *sqlstore.Store) (all []org.StoredEvent) {
	t.Helper()
	for e, err := range s.Events(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}
