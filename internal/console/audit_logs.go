package console

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyreeve/keyreeve/internal/org"
)

const (
	activitySection = "/activity"
	liveURL         = activitySection + "/live"
)

// activityPage is the audit log.
type activityPage struct {
	frame
	Filter activityFilter
	Events []sentence
	Types  []eventKind
	Live   string // address of the stream; empty on older pages
	Self   string // address of this page
	Next   string
	First  string
}

// activityFilter is what the form above the log says.
type activityFilter struct {
	Type, Actor, Resource, Project, From, Until string
	Problem                                     string
}

// Any reports whether anything is filtered.
func (f activityFilter) Any() bool {
	return f.Type+f.Actor+f.Resource+f.Project+f.From+f.Until != ""
}

// eventKind is a choice of the form.
type eventKind struct {
	Type  org.EventType
	Label string
}

// eventTypes are what can be picked, in the order of the form.
var eventTypes = []eventKind{
	{org.EventAPIKeyCreated, "Key made"}, {org.EventAPIKeyUpdated, "Key changed"}, {org.EventAPIKeyDeleted, "Key revoked"},
	{org.EventProjectCreated, "Project made"}, {org.EventProjectUpdated, "Project changed"}, {org.EventProjectArchived, "Project archived"},
	{org.EventServiceAccountCreated, "Service account made"}, {org.EventServiceAccountUpdated, "Service account changed"},
	{org.EventServiceAccountDeleted, "Service account removed"},
	{org.EventUserAdded, "User or member added"}, {org.EventUserUpdated, "User or member changed"}, {org.EventUserDeleted, "User or member removed"},
	{org.EventInviteSent, "Invite made"}, {org.EventInviteAccepted, "Invite accepted"}, {org.EventInviteDeleted, "Invite taken back"},
	{org.EventRateLimitUpdated, "Rate limit changed"},
	{org.EventLoginSucceeded, "Signed in to the console"}, {org.EventLogoutSucceeded, "Signed out of the console"},
	{org.EventBootstrapped, "Organization started"}, {org.EventRecovered, "Access recovered on the host"},
	{org.EventRestored, "Put back to a backup"}, {org.EventTrimmed, "Oldest events dropped"},
}

func filterOf(query url.Values) activityFilter {
	text := func(name string) string { return shown(strings.TrimSpace(query.Get(name))) }
	return activityFilter{
		Type: text("type"), Actor: text("actor"), Resource: text("resource"), Project: text("project"),
		From: text("from"), Until: text("until"),
	}
}

// query is the filter as an address has it.
func (f activityFilter) query() url.Values {
	out := url.Values{}
	for name, value := range map[string]string{
		"type": f.Type, "actor": f.Actor, "resource": f.Resource, "project": f.Project, "from": f.From, "until": f.Until,
	} {
		if value != "" {
			out.Set(name, value)
		}
	}
	return out
}

// domain is the filter as the domain is asked. Days are UTC's, and the last one
// is part of what is wanted.
func (f *activityFilter) domain() (out org.AuditFilter) {
	one := func(value string) []string {
		if value == "" {
			return nil
		}
		return []string{value}
	}
	out.Projects, out.Resources = one(f.Project), one(f.Resource)
	if f.Type != "" {
		out.Types = []org.EventType{org.EventType(f.Type)}
	}
	if strings.Contains(f.Actor, "@") {
		out.Emails = one(f.Actor)
	} else {
		out.Actors = one(f.Actor)
	}
	day := func(text string, days int) int64 {
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			if text != "" {
				f.Problem = "Give days like 2026-11-23."
			}
			return 0
		}
		return max(at.AddDate(0, 0, days).Unix(), 1)
	}
	out.From, out.Until = day(f.From, 0), day(f.Until, 1)
	return out
}

// listAuditLogs shows the audit log, newest first (list-audit-logs).
func (v *visit) listAuditLogs() error {
	query := v.r.URL.Query()
	p := activityPage{frame: v.frame("Activity", activitySection), Filter: filterOf(query), Types: eventTypes}
	filter, after := p.Filter.domain(), query.Get("after")
	page, err := v.Service.ListAuditLogs(v.r.Context(), v.caller, org.AuditPage{AuditFilter: filter, After: after, Limit: rowsOnPage})
	if err != nil {
		return err
	}
	p.Events = v.sentences(page.Items)
	address := func(q url.Values) string {
		if len(q) == 0 {
			return activitySection
		}
		return activitySection + "?" + q.Encode()
	}
	q := p.Filter.query()
	p.Self = address(q)
	if page.HasMore {
		q.Set("after", page.Items[len(page.Items)-1].ID)
		p.Next = address(q)
	}
	if after != "" {
		p.First = p.Self
	} else {
		p.Live = liveURL
	}
	return v.renderList("activity", p)
}

// eventsOf returns the latest events about an object.
func (v *visit) eventsOf(resource string) ([]sentence, error) {
	const shown = 10
	page, err := v.Service.ListAuditLogs(v.r.Context(), v.caller, org.AuditPage{
		AuditFilter: org.AuditFilter{Resources: []string{resource}}, Limit: shown,
	})
	return v.sentences(page.Items), err
}

// eventPage is one event with what was stored of it.
type eventPage struct {
	frame
	Event    org.AuditEvent
	Sentence sentence
	Raw      string
	Hash     string
}

// digests finds those of keys in an event. They are of no use to anybody but the
// server, so no page shows one whole.
var digests = regexp.MustCompile(`"digest": "([0-9a-f]{8})[0-9a-f]*"`)

// showAuditLog shows one event, by its revision.
func (v *visit) showAuditLog() error {
	revision, err := strconv.ParseInt(v.r.PathValue("revision"), 10, 64)
	if err != nil || revision < 1 {
		return errNoPage
	}
	stored, err := v.Service.GetStoredEvent(v.r.Context(), v.caller, revision)
	if err != nil {
		return err
	}
	event, err := org.DecodeAudit(stored.Record)
	if err != nil {
		return err
	}
	raw := jsontext.Value(bytes.Clone(stored.Record))
	if err := raw.Indent(jsontext.WithIndent("  ")); err != nil {
		raw = stored.Record
	}
	return v.render(http.StatusOK, "event", eventPage{
		frame: v.frame(fmt.Sprintf("Event %d", revision), activitySection), Event: event,
		Sentence: v.sentences([]org.AuditEvent{event})[0], Raw: digests.ReplaceAllString(string(raw), `"digest": "$1…"`), Hash: hex.EncodeToString(stored.Hash[:]),
	})
}
