package main

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

type auditListCmd struct {
	connectFlags

	After      string   `placeholder:"ID" help:"Begin after this event, with the next older one."`
	Limit      int      `default:"100" placeholder:"N" help:"At most this many events (default: ${default}); 0 is all of them."`
	Since      string   `placeholder:"TIME" help:"Only events of this time and later: 2026-10-31, 2026-10-31T12:00:00Z, or 24h for the last 24 hours."`
	Until      string   `placeholder:"TIME" help:"Only events before this time."`
	Type       []string `placeholder:"TYPE" sep:"none" help:"Only events of this type, such as api_key.created; may be given several times, as may those below."`
	Project    []string `placeholder:"ID" sep:"none" help:"Only events of this project."`
	Actor      []string `placeholder:"ID" sep:"none" help:"Only what this user, service account or key did."`
	ActorEmail []string `placeholder:"ADDRESS" sep:"none" help:"Only what the user with this address did."`
	Resource   []string `placeholder:"ID" sep:"none" help:"Only what was done to this object."`
}

// Help is shown by keyreeve audit list --help.
func (auditListCmd) Help() string {
	return `The newest event comes first. An event must pass all filters that are given:

  keyreeve audit list --since 24h --type api_key.created --type api_key.deleted`
}

func (c *auditListCmd) Run(ctx context.Context, std streams) error {
	params := api.AuditLogListParams{
		ProjectIDs: c.Project, ActorIDs: c.Actor, ActorEmails: c.ActorEmail, ResourceIDs: c.Resource, After: c.After,
	}
	for _, t := range c.Type {
		params.EventTypes = append(params.EventTypes, api.AuditEventType(t))
	}
	var err error
	if params.EffectiveAt.GTE, err = parseMoment("--since", c.Since, time.Now()); err != nil {
		return err
	}
	if params.EffectiveAt.LT, err = parseMoment("--until", c.Until, time.Now()); err != nil {
		return err
	}
	return many(std, c.connectFlags, pageFlags{Limit: c.Limit}, auditTable, func(cl *client.Client, page *int) iter.Seq2[api.AuditLog, error] {
		params.Limit = page
		return cl.AuditLogs.All(ctx, params)
	})
}

// parseMoment reads a time, or a duration back from now, as Unix seconds; nil
// where there is none.
func parseMoment(flag, text string, now time.Time) (*int64, error) {
	if text == "" {
		return nil, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return new(now.Add(-d).Unix()), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return new(t.Unix()), nil
		}
	}
	return nil, fmt.Errorf("%s %s: give a time such as 2026-10-31T12:00:00Z, a day such as 2026-10-31, or a duration such as 24h", flag, text)
}

func auditTable(events []api.AuditLog) string {
	return table("ID TIME TYPE RESOURCE PROJECT ACTOR ADDRESS", events, func(e api.AuditLog) []string {
		project := "-"
		if e.Project != nil {
			project = e.Project.ID
		}
		actor, address := describeActor(e.Actor)
		return []string{e.ID, formatTime(&e.EffectiveAt), string(e.Type), auditResource(e), project, actor, address}
	})
}

// auditResource is the id in the payload, which stands under the event's type.
func auditResource(e api.AuditLog) string {
	text, err := json.Marshal(e.AuditLogPayload)
	if err != nil {
		return "-"
	}
	var payloads map[api.AuditEventType]struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(text, &payloads) != nil || payloads[e.Type].ID == "" {
		return "-"
	}
	return payloads[e.Type].ID
}

// describeActor names who did something, and from where.
func describeActor(a *api.AuditLogActor) (who, address string) {
	who, address = "-", "-"
	switch {
	case a == nil:
		return "the host", address
	case a.Session != nil:
		if a.Session.User != nil {
			who = a.Session.User.Email
		}
		return who, a.Session.IPAddress
	case a.APIKey != nil:
		who = a.APIKey.ID
		if u := a.APIKey.User; u != nil {
			who += " of " + u.Email
		} else if s := a.APIKey.ServiceAccount; s != nil {
			who += " of " + s.ID
		}
		return who, a.APIKey.IPAddress
	}
	return who, address
}
