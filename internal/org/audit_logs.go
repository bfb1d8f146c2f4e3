package org

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyreeve/keyreeve/internal/echo"
)

// MaxAuditValues is how many values a filter of the audit log may have.
const MaxAuditValues = 50

// AuditEvent is an event of the log as an auditor reads it.
type AuditEvent struct {
	Revision    int64
	ID          string
	Type        EventType
	At          int64 // Unix seconds
	Actor       Actor
	Resource    string
	ProjectID   string // empty: none
	ProjectName string // as it is now
	Data        []byte // the event's data as JSON; nil: none
}

// AuditFilter says which events are wanted. An event must pass all filters, and
// one that has no values lets all pass.
type AuditFilter struct {
	From, Until int64 // Unix seconds, from From to before Until; 0: no bound
	Projects    []string
	Types       []EventType
	Actors      []string // ids of users, service accounts and keys
	Emails      []string // of actors, compared without the case of ASCII letters
	Resources   []string
}

// Lists reports whether a filter besides that of the time has values.
func (f AuditFilter) Lists() bool {
	return len(f.Projects)+len(f.Types)+len(f.Actors)+len(f.Emails)+len(f.Resources) > 0
}

// Matches reports whether an event passes. The time was looked at before.
func (f AuditFilter) Matches(e AuditEvent) bool {
	return passes(f.Projects, e.ProjectID) && passes(f.Types, e.Type) && passes(f.Resources, e.Resource) &&
		passesEmail(f.Emails, e.Actor.Email) && (passes(f.Actors, e.Actor.OwnerID) || passes(f.Actors, e.Actor.KeyID))
}

func passes[T ~string](wanted []T, value T) bool {
	return len(wanted) == 0 || value != "" && slices.Contains(wanted, value)
}

func passesEmail(wanted []string, email string) bool {
	email = FoldASCII(email)
	return len(wanted) == 0 || email != "" && slices.ContainsFunc(wanted, func(w string) bool { return FoldASCII(w) == email })
}

// AuditPage asks for part of the audit log, newest first: what is older than
// After, newer than Before, or between the two.
type AuditPage struct {
	AuditFilter
	After, Before string // ids of events; empty: no bound
	Limit         int
}

// AuditQuery is an AuditPage as storage is asked for it. Ascending gives the
// oldest first.
type AuditQuery struct {
	AuditPage
	Ascending bool
}

// AuditStore reads the log for auditors.
type AuditStore interface {
	// AuditEvents returns at most page.Limit events that match.
	AuditEvents(ctx context.Context, q AuditQuery) ([]AuditEvent, error)
}

// ListAuditLogs returns a page of the audit log, newest first (list-audit-logs).
// With Before alone it is the page next to that event, so that a client can go
// back the way it came, and HasMore speaks of what is newer still.
func (s *Service) ListAuditLogs(ctx context.Context, caller Caller, page AuditPage) (out ListPage[AuditEvent], err error) {
	if err := caller.Require(ManagementRead); err != nil {
		return out, err
	}
	if err := page.check(); err != nil {
		return out, err
	}
	q := AuditQuery{AuditPage: page, Ascending: page.Before != "" && page.After == ""}
	out, err = listOf(listRules{prefix: PrefixEvent, minLimit: 1}, Page{After: page.After, Limit: page.Limit}, func(p Page) ([]AuditEvent, error) {
		q.Limit = p.Limit
		return s.store.AuditEvents(ctx, q)
	})
	if err != nil {
		return out, fmt.Errorf("list audit logs: %w", err)
	}
	if q.Ascending {
		slices.Reverse(out.Items)
	}
	return out, nil
}

func (p AuditPage) check() error {
	if _, ok := ParseID(PrefixEvent, p.Before); p.Before != "" && !ok {
		return &Refusal{Kind: Invalid, Code: codeInvalidValue, Param: "before", Message: fmt.Sprintf(
			"Invalid 'before': '%s' is not the id of an event. Expected one such as 'event_01JQ8ZK3T5V9W2X4Y6A8B0C1D2'.", echo.Value(p.Before))}
	}
	for _, list := range []struct {
		param string
		n     int
	}{
		{"project_ids", len(p.Projects)},
		{"event_types", len(p.Types)},
		{"actor_ids", len(p.Actors)},
		{"actor_emails", len(p.Emails)},
		{"resource_ids", len(p.Resources)},
	} {
		if list.n > MaxAuditValues {
			return tooMany(list.param, MaxAuditValues, list.n)
		}
	}
	return nil
}

// DecodeAudit reads a stored record for auditors.
func DecodeAudit(text []byte) (AuditEvent, error) {
	var rec struct {
		record
		Data    jsontext.Value `json:"data,omitzero"`
		Effects jsontext.Value `json:"effects,omitzero"`
	}
	if err := json.Unmarshal(text, &rec); err != nil {
		return AuditEvent{}, fmt.Errorf("decode event: %w", err)
	}
	a := rec.Actor
	return AuditEvent{
		Revision: rec.Revision, ID: rec.ID, Type: rec.Type, At: rec.At, Resource: rec.Resource, ProjectID: rec.Project,
		Actor: Actor{
			Type: a.Type, KeyID: a.KeyID, OpenID: a.OpenID, OwnerType: a.OwnerType, OwnerID: a.OwnerID, Email: a.Email,
			Origin: Origin{IP: a.IP, UserAgent: a.UserAgent},
		},
		Data: rec.Data,
	}, nil
}

// GetStoredEvent returns one event as it stands in the log.
func (s *Service) GetStoredEvent(ctx context.Context, caller Caller, revision int64) (StoredEvent, error) {
	if err := caller.Require(ManagementRead); err != nil {
		return StoredEvent{}, err
	}
	for e, err := range s.store.Events(ctx, revision-1) {
		if err != nil {
			return StoredEvent{}, fmt.Errorf("get event: %w", err)
		}
		if e.Revision == revision {
			return e, nil
		}
		break
	}
	return StoredEvent{}, noSuch("event", fmt.Sprint("revision ", revision))
}
