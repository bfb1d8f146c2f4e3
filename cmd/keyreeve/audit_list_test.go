package main

import (
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/api"
)

func TestMomentsAreTimesOrDurationsBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.October, 31, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2026-10-30":                "2026-10-30T00:00:00Z",
		"2026-10-30T08:00:00Z":      "2026-10-30T08:00:00Z",
		"2026-10-30T08:00:00+02:00": "2026-10-30T06:00:00Z",
		"24h":                       "2026-10-30T12:00:00Z",
		"0s":                        "2026-10-31T12:00:00Z",
		"-24h":                      "",
		"30.10.2026":                "",
		"1792000000":                "",
	} {
		got, err := parseMoment("--since", text, now)
		switch {
		case want == "" && err == nil:
			t.Errorf("%s is taken for %v", text, time.Unix(*got, 0).UTC())
		case want != "" && (err != nil || time.Unix(*got, 0).UTC().Format(time.RFC3339) != want):
			t.Errorf("%s: %v, %v; want %s", text, got, err, want)
		}
	}
	if got, err := parseMoment("--since", "", now); got != nil || err != nil {
		t.Errorf("no time: %v, %v", got, err)
	}
}

func TestAuditTableSaysWhoAndFromWhere(t *testing.T) {
	t.Parallel()
	ada := &api.AuditLogActorUser{ID: "user_1", Email: "ada@example.com"}
	for _, tt := range []struct {
		name  string
		actor *api.AuditLogActor
		want  string
	}{
		{"the host", nil, "the host -"},
		{"a session", &api.AuditLogActor{Type: "session", Session: &api.AuditLogActorSession{User: ada, IPAddress: "192.0.2.1"}}, "ada@example.com 192.0.2.1"},
		{"a user's key", &api.AuditLogActor{Type: "api_key", APIKey: &api.AuditLogActorAPIKey{ID: "key_1", User: ada, IPAddress: "192.0.2.1"}}, "key_1 of ada@example.com 192.0.2.1"},
		{"an account's key", &api.AuditLogActor{Type: "api_key", APIKey: &api.AuditLogActorAPIKey{
			ID: "key_1", ServiceAccount: &api.AuditLogActorServiceAccount{ID: "sa_1"}, IPAddress: "192.0.2.1",
		}}, "key_1 of sa_1 192.0.2.1"},
		{"nobody that is known", &api.AuditLogActor{}, "- -"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := auditTable([]api.AuditLog{{
				ID: "event_1", Type: api.AuditProjectArchived, EffectiveAt: 1700000000, Actor: tt.actor,
				Project:         &api.AuditLogProject{ID: "proj_1"},
				AuditLogPayload: api.AuditLogPayload{ProjectArchived: &api.AuditObject{ID: "proj_1"}},
			}})
			want := "event_1 2023-11-14 22:13:20 project.archived proj_1 proj_1 " + tt.want
			_, line, _ := strings.Cut(text, "\n")
			if got := strings.Join(strings.Fields(line), " "); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestEventsWithoutAnIDHaveADash(t *testing.T) {
	t.Parallel()
	for _, e := range []api.AuditLog{
		{Type: "login.succeeded", AuditLogPayload: api.AuditLogPayload{LoginSucceeded: map[string]any{}}},
		{Type: "tenant.user.added"},
	} {
		if got := auditResource(e); got != "-" {
			t.Errorf("%s: %q", e.Type, got)
		}
	}
}
