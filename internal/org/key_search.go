package org

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keyreeve/keyreeve/internal/token"
)

// KeyFilter says which keys a person looks for, in one project or, without one,
// among the admin keys.
type KeyFilter struct {
	ProjectID string
	Text      string // the beginning of a name, or an id

	// Deep takes the text for part of an owner's name or email and for the last
	// characters of a key, too. That reads up to all keys.
	Deep bool
}

// KeySearchStore finds keys for people. Texts are compared without the case of
// ASCII letters.
type KeySearchStore interface {
	// KeysByName returns keys by name and then id, whose name begins with prefix
	// and that come after a name and an id.
	KeysByName(ctx context.Context, projectID, prefix string, after KeyPlace, limit int) ([]KeyView, error)
	// KeysByRedacted returns keys with one of three redacted forms, newest first.
	// It may read all keys.
	KeysByRedacted(ctx context.Context, projectID string, forms [3]string, limit int) ([]KeyView, error)
	// KeysByOwner returns keys of owners whose name or email contains a text,
	// newest first. It may read all keys.
	KeysByOwner(ctx context.Context, projectID, part string, limit int) ([]KeyView, error)
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

// FindKeys returns the first keys that match, those by name first, and whether
// there are more.
func (s *Service) FindKeys(ctx context.Context, caller Caller, f KeyFilter, limit int) (ListPage[KeyView], error) {
	if err := caller.Require(ManagementRead); err != nil {
		return ListPage[KeyView]{}, err
	}
	if token.In(f.Text) {
		return ListPage[KeyView]{}, holdsKey("q")
	}
	if !isText(f.Text) {
		return ListPage[KeyView]{}, nil // no name has such characters
	}
	out, err := s.findKeys(ctx, f, limit+1)
	if err != nil {
		return ListPage[KeyView]{}, fmt.Errorf("find keys: %w", err)
	}
	s.overlayViews(out)
	return ListPage[KeyView]{Items: out[:min(limit, len(out))], HasMore: len(out) > limit}, nil
}

func (s *Service) findKeys(ctx context.Context, f KeyFilter, limit int) (out []KeyView, err error) {
	add := func(keys []KeyView, err error) error {
		for _, k := range keys {
			if !slices.ContainsFunc(out, func(o KeyView) bool { return o.ID == k.ID }) {
				out = append(out, k)
			}
		}
		return err
	}
	text := strings.TrimSpace(f.Text)
	if _, ok := ParseID(PrefixKey, text); ok {
		key, ok, err := s.store.KeyByID(ctx, text)
		if ok && key.ProjectID == f.ProjectID {
			out = append(out, key)
		}
		return out, err
	}
	if err := add(s.store.KeysByName(ctx, f.ProjectID, text, KeyPlace{}, limit)); err != nil {
		return nil, err
	}
	if !f.Deep {
		return out, nil
	}
	if forms, ok := redactedForms(text); ok {
		if err := add(s.store.KeysByRedacted(ctx, f.ProjectID, forms, limit)); err != nil {
			return nil, err
		}
	}
	if len(out) < limit {
		err = add(s.store.KeysByOwner(ctx, f.ProjectID, text, limit))
	}
	return out, err
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
// text, which may be such a form itself.
func redactedForms(text string) (forms [3]string, ok bool) {
	if i := strings.LastIndex(text, "."); i >= 0 {
		text = text[i+1:]
	}
	text = strings.TrimLeft(text, "…")
	if len(text) < shownTail || len(text) > mostTail || strings.ContainsFunc(text, func(r rune) bool { return !inKey(r) }) {
		return forms, false
	}
	for i, kind := range []token.Kind{token.KindAdmin, token.KindProject, token.KindServiceAccount} {
		forms[i] = strings.TrimSuffix(kind.Prefix(), "-") + "..." + text[len(text)-shownTail:]
	}
	return forms, true
}

// isText says whether s could be a name: PostgreSQL takes no other text.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) }

// inKey says whether r is of the random part of keys.
func inKey(r rune) bool {
	return '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}
