package org

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/keyreeve/keyreeve/internal/token"
)

// KeyFilter says which keys a person looks for, in one project or, without one,
// among the admin keys.
type KeyFilter struct {
	ProjectID string
	Text      string // the beginning of a name, or an id

	// Deep takes the text for part of a name, of an owner's name or email, and for
	// the last characters of a key, too. That reads up to all keys.
	Deep bool

	From SearchPlace // where a search before ended
}

// SearchPlace is where a search goes on: first among the keys whose name begins
// as was asked, by name, then among the others, newest first.
type SearchPlace struct {
	Name  KeyPlace
	Below string // an id; empty: not among the others yet
}

// FoundKeys is a page of a search.
type FoundKeys struct {
	Items []KeyView
	More  bool        // it can go on
	Next  SearchPlace // there

	// Stopped: the time for one page was over before all keys were looked at.
	// Busy: somebody else's search was under way, so only an index was asked.
	Stopped, Busy bool
}

// searchTime is how long one page of a deep search may take. It reads up to all
// keys, and whoever may read may ask for it.
const searchTime = 2 * time.Second

// KeyMatch says which keys a deep search finds: those with one of three redacted
// forms and those whose name, or whose owner's name or email, holds the text. Those
// whose name begins with it are left out: an index finds them.
type KeyMatch struct {
	ProjectID, Text string
	Forms           [3]string
}

// KeySearchStore finds keys for people. Texts are compared without the case of
// ASCII letters.
type KeySearchStore interface {
	// KeysByName returns keys by name and then id, whose name begins with prefix
	// and that come after a name and an id.
	KeysByName(ctx context.Context, projectID, prefix string, after KeyPlace, limit int) ([]KeyView, error)
	// KeysMatching looks at some of the keys below an id (empty: at the newest) and
	// returns those that match, newest first, and the id to go on below, empty at
	// the end.
	KeysMatching(ctx context.Context, m KeyMatch, below string, limit int) (keys []KeyView, next string, err error)
	// KeyByID returns a key of any kind.
	KeyByID(ctx context.Context, id string) (key KeyView, ok bool, err error)
}

// KeyPlace is where a page of keys by name ended. The zero value is the
// beginning.
type KeyPlace struct{ Name, ID string }

// ListKeysByName returns keys in the order of their names.
func (s *Service) ListKeysByName(ctx context.Context, caller Caller, projectID string, after KeyPlace, limit int) (ListPage[KeyView], error) {
	if err := caller.Require(ManagementRead); err != nil {
		return ListPage[KeyView]{}, err
	}
	if !isText(after.Name) || !isText(after.ID) {
		after = KeyPlace{} // no page ended there
	}
	out, err := listOf(listRules{}, Page{Limit: limit}, func(p Page) ([]KeyView, error) {
		return s.store.KeysByName(ctx, projectID, "", after, p.Limit)
	})
	if err != nil {
		return out, fmt.Errorf("list keys by name: %w", err)
	}
	s.overlayViews(out.Items)
	return out, nil
}

// FindKeys returns a page of the keys that match. Names that begin as was asked
// come from an index and first; where they fill the page, nothing else is read.
func (s *Service) FindKeys(ctx context.Context, caller Caller, f KeyFilter, limit int) (FoundKeys, error) {
	if ok, err := searchable(caller, f.Text); !ok {
		return FoundKeys{}, err
	}
	if !isText(f.From.Name.Name + f.From.Name.ID + f.From.Below) {
		f.From = SearchPlace{} // no page ended there
	}
	f.Text = strings.TrimSpace(f.Text)
	out, err := s.findKeys(ctx, f, limit)
	if err != nil {
		return FoundKeys{}, fmt.Errorf("find keys: %w", err)
	}
	s.overlayViews(out.Items)
	return out, nil
}

func (s *Service) findKeys(ctx context.Context, f KeyFilter, limit int) (out FoundKeys, err error) {
	if _, ok := ParseID(PrefixKey, f.Text); ok {
		key, ok, err := s.store.KeyByID(ctx, f.Text)
		if ok && key.ProjectID == f.ProjectID {
			out.Items = append(out.Items, key)
		}
		return out, err
	}
	if f.From.Below == "" {
		out.Items, err = s.store.KeysByName(ctx, f.ProjectID, f.Text, f.From.Name, limit+1)
		if err != nil {
			return out, err
		}
		if len(out.Items) > limit {
			last := out.Items[limit-1]
			out.Items, out.More, out.Next.Name = out.Items[:limit], true, KeyPlace{last.Name, last.ID}
			return out, nil
		}
	}
	if !f.Deep {
		return out, nil
	}
	out.Next.Below = cmp.Or(f.From.Below, "~") // which sorts behind every id
	if out.More = len(out.Items) == limit; out.More {
		return out, nil
	}
	return out, s.findDeep(ctx, f, limit, &out)
}

// findDeep looks at all keys, some at a time, until the page is full or the time
// is over. One search does so at a time: others are told.
func (s *Service) findDeep(ctx context.Context, f KeyFilter, limit int, out *FoundKeys) error {
	if !s.searching.TryLock() {
		out.Busy, out.More = true, true
		return nil
	}
	defer s.searching.Unlock()
	within, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	match := KeyMatch{ProjectID: f.ProjectID, Text: f.Text, Forms: redactedForms(f.Text)}
	for len(out.Items) < limit {
		keys, next, err := s.store.KeysMatching(within, match, out.Next.Below, limit-len(out.Items))
		if within.Err() != nil && ctx.Err() == nil {
			out.Stopped, out.More = true, true
			return nil
		}
		if err != nil {
			return err
		}
		out.Items, out.Next.Below = append(out.Items, keys...), next
		if next == "" {
			out.More = false
			return nil
		}
	}
	out.More = true
	return nil
}

// GetKeys returns keys of any kind by their ids. Those that are gone are left
// out.
func (s *Service) GetKeys(ctx context.Context, caller Caller, ids []string) ([]KeyView, error) {
	if err := caller.Require(ManagementRead); err != nil {
		return nil, err
	}
	var out []KeyView
	for _, id := range ids {
		key, ok, err := s.store.KeyByID(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("get keys: %w", err)
		}
		if ok {
			out = append(out, key)
		}
	}
	s.overlayViews(out)
	return out, nil
}

// overlayViews shows uses that memory knows and storage does not yet.
func (s *Service) overlayViews(keys []KeyView) {
	if s.uses == nil {
		return
	}
	for i := range keys {
		keys[i].LastUsedAt = max(keys[i].LastUsedAt, s.uses.LastUsed(keys[i].Digest))
	}
}

const (
	shownTail = 3 // characters of a redacted form
	mostTail  = 8 // of what is taken for the end of a key, not for a name
)

// redactedForms returns the redacted forms of a key of each kind that ends with
// text, which may be such a form itself. They are empty where none can.
func redactedForms(text string) (forms [3]string) {
	if i := strings.LastIndex(text, "."); i >= 0 {
		text = text[i+1:]
	}
	text = strings.TrimLeft(text, "…")
	if len(text) < shownTail || len(text) > mostTail || strings.ContainsFunc(text, func(r rune) bool { return !inKey(r) }) {
		return forms
	}
	for i, kind := range []token.Kind{token.KindAdmin, token.KindProject, token.KindServiceAccount} {
		forms[i] = strings.TrimSuffix(kind.Prefix(), "-") + "..." + text[len(text)-shownTail:]
	}
	return forms
}

// isText says whether s could be a name: PostgreSQL takes no other text.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) }

// inKey says whether r is of the random part of keys.
func inKey(r rune) bool {
	return '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}
