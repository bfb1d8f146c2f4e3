package org

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/keyreeve/keyreeve/internal/echo"
)

// DefaultLimit stands for what the operator's catalogue says, and in the
// catalogue for a limit that there is not.
const DefaultLimit = -1

// RateLimit is what a project has in place of a model's default limits. A field
// that is DefaultLimit has no place of its own.
type RateLimit struct {
	ProjectID string
	Model     string

	RequestsPerMinute       int64
	RequestsPerDay          int64
	TokensPerMinute         int64
	ImagesPerMinute         int64
	AudioMegabytesPerMinute int64
	BatchInputTokensPerDay  int64
}

// NoLimits is a RateLimit of which nothing is set.
func NoLimits(projectID, model string) RateLimit {
	l := RateLimit{ProjectID: projectID, Model: model}
	for _, f := range l.Fields() {
		*f.Value = DefaultLimit
	}
	return l
}

// RateLimitField is a number of a rate limit under its wire name.
type RateLimitField struct {
	Name  string
	Value *int64
}

// Fields are the numbers of a rate limit.
func (l *RateLimit) Fields() []RateLimitField {
	return []RateLimitField{
		{"max_requests_per_1_minute", &l.RequestsPerMinute},
		{"max_tokens_per_1_minute", &l.TokensPerMinute},
		{"max_images_per_1_minute", &l.ImagesPerMinute},
		{"max_audio_megabytes_per_1_minute", &l.AudioMegabytesPerMinute},
		{"max_requests_per_1_day", &l.RequestsPerDay},
		{"batch_1_day_max_input_tokens", &l.BatchInputTokensPerDay},
	}
}

// over returns l with the defaults in the place of what is not set.
func (l RateLimit) over(defaults RateLimit) RateLimit {
	for i, f := range l.Fields() {
		if *f.Value == DefaultLimit {
			*f.Value = *defaults.Fields()[i].Value
		}
	}
	return l
}

// Set is what a rate limit tells the index.
func (l RateLimit) Set() LimitSet {
	return LimitSet{
		ProjectID: l.ProjectID, Model: l.Model,
		RequestsPerMinute: l.RequestsPerMinute, RequestsPerDay: l.RequestsPerDay,
	}
}

// RateLimitStore reads rate limits.
type RateLimitStore interface {
	// RateLimits returns what a project has of its own, in the order of the
	// models' names.
	RateLimits(ctx context.Context, projectID string) ([]RateLimit, error)
}

// RateLimitTx changes rate limits.
type RateLimitTx interface {
	RateLimit(projectID, model string) (limit RateLimit, ok bool, err error)
	// SetRateLimit inserts or replaces the limits of a project for a model.
	SetRateLimit(l RateLimit) error
}

// MaxRateLimitPage is how many elements a page of rate limits may have.
const MaxRateLimitPage = 1000

// RateLimitPage asks for part of a project's rate limits, in the order of their
// ids: those between After and Before. Before alone asks for the last ones
// before it.
type RateLimitPage struct {
	After, Before string // empty: no bound
	Limit         int
}

func (p RateLimitPage) check() error {
	for _, cursor := range []struct{ param, id string }{{"after", p.After}, {"before", p.Before}} {
		if cursor.id != "" && !strings.HasPrefix(cursor.id, PrefixRateLimit) {
			return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: cursor.param, Message: fmt.Sprintf(
				"Invalid '%s': '%s' is not the id of a rate limit. Expected one such as 'rl-gpt-4o'.", cursor.param, echo.Value(cursor.id))}
		}
	}
	switch {
	case p.Limit < 0:
		return belowMin("limit", 0, int64(p.Limit))
	case p.Limit > MaxRateLimitPage:
		return aboveMax("limit", MaxRateLimitPage, int64(p.Limit))
	}
	return nil
}

// ListRateLimits returns a page of a project's rate limits, one for each model
// of the catalogue (list-project-rate-limits). A number that is DefaultLimit is
// none.
func (s *Service) ListRateLimits(ctx context.Context, caller Caller, projectID string, page RateLimitPage) (out ListPage[RateLimit], err error) {
	if err := caller.Require(ManagementRead); err != nil {
		return out, err
	}
	if _, err := s.project(ctx, projectID); err != nil {
		return out, err
	}
	if err := page.check(); err != nil || page.Limit == 0 {
		return out, err
	}
	own, err := s.store.RateLimits(ctx, projectID)
	if err != nil {
		return out, fmt.Errorf("list rate limits: %w", err)
	}
	for _, m := range s.catalogue.models {
		if id := RateLimitID(m.Model); id <= page.After || page.Before != "" && id >= page.Before {
			continue
		}
		limit := NoLimits(projectID, m.Model)
		if i, ok := slices.BinarySearchFunc(own, m.Model, func(l RateLimit, model string) int { return cmp.Compare(l.Model, model) }); ok {
			limit = own[i]
		}
		out.Items = append(out.Items, limit.over(m))
	}
	if out.HasMore = len(out.Items) > page.Limit; out.HasMore {
		if page.Before != "" && page.After == "" {
			out.Items = out.Items[len(out.Items)-page.Limit:]
		}
		out.Items = out.Items[:page.Limit]
	}
	return out, nil
}

// UpdateRateLimit sets numbers of a project's rate limit, by their wire names;
// what is not named stays as it is (update-project-rate-limits).
func (s *Service) UpdateRateLimit(ctx context.Context, caller Caller, projectID, id string, numbers map[string]int64) (RateLimit, Commit, error) {
	fail := func(err error) (RateLimit, Commit, error) { return RateLimit{}, Commit{}, err }
	if err := caller.Require(ManagementWrite); err != nil {
		return fail(err)
	}
	if _, ok := ParseID(PrefixProject, projectID); !ok {
		return fail(noSuchProject(projectID))
	}
	defaults, ok := s.catalogue.find(id)
	if !ok {
		return fail(noSuch("rate limit", id))
	}
	for _, f := range new(RateLimit).Fields() {
		if n, given := numbers[f.Name]; given && n < 0 {
			return fail(belowMin(f.Name, 0, n))
		} else if n > MaxRateLimit {
			return fail(aboveMax(f.Name, MaxRateLimit, n))
		}
	}
	var limit RateLimit
	commit, err := s.change(ctx, caller, func(tx Tx, actor Owner) error {
		if err := activeProject(tx, projectID); err != nil {
			return err
		}
		own, ok, err := tx.RateLimit(projectID, defaults.Model)
		if err != nil {
			return err
		}
		if !ok {
			own = NoLimits(projectID, defaults.Model)
		}
		changed := make(map[string]any)
		for _, f := range own.Fields() {
			if n, given := numbers[f.Name]; given && n != *f.Value {
				*f.Value = n
				changed[f.Name] = n
			}
		}
		limit = own.over(defaults)
		if len(changed) == 0 {
			return nil
		}
		tx.Emit(Event{
			Type: EventRateLimitUpdated, Actor: caller.actor(actor), Resource: id, ProjectID: projectID,
			Data:    map[string]any{"id": id, "changes_requested": changed},
			Effects: []Effect{own.Set()},
		})
		return tx.SetRateLimit(own)
	})
	if err != nil {
		return fail(fmt.Errorf("update rate limit: %w", err))
	}
	return limit, commit, nil
}
