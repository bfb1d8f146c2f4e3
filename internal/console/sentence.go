package console

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/keyreeve/keyreeve/internal/org"
)

// sentence is an event as people read it: "Actor Verb Object Rest."
type sentence struct {
	Revision        int64
	Type            string
	At              int64
	Actor, ActorURL string
	Verb            string
	Object          string
	ObjectURL       string // empty where there is nothing to see any more
	Rest            string
	Where, WhereURL string // the project
	IP              string
	Console, Alarm  bool // made in the console; worth a second look
}

// sentences words events. Users and service accounts that an event has by their
// id alone are looked up, and called what they are called now.
func (v *visit) sentences(events []org.AuditEvent) []sentence {
	out, names := make([]sentence, len(events)), map[string]string{}
	for i, e := range events {
		out[i] = sentenceOf(e)
		if out[i].Object != e.Resource {
			continue
		}
		name, ok := names[e.Resource]
		if !ok {
			name = v.nameOf(e)
			names[e.Resource] = name
		}
		out[i].Object = name
	}
	return out
}

// nameOf returns what the resource of an event is called, or its id where it is
// gone.
func (v *visit) nameOf(e org.AuditEvent) string {
	id, ctx := e.Resource, v.r.Context()
	switch {
	case strings.HasPrefix(id, org.PrefixUser):
		if user, err := v.Service.GetUser(ctx, v.caller, id); err == nil {
			return user.Email
		}
	case strings.HasPrefix(id, org.PrefixServiceAccount):
		if account, err := v.Service.GetServiceAccount(ctx, v.caller, e.ProjectID, id); err == nil {
			return account.Name
		}
	case strings.HasPrefix(id, org.PrefixInvite):
		if invite, err := v.Service.GetInvite(ctx, v.caller, id); err == nil {
			return invite.Email
		}
	}
	return id
}

// eventData is what sentences use of an event's data.
type eventData struct {
	Name     string `json:"name"`
	Redacted string `json:"redacted_value"`
	Email    string `json:"email"`
	Role     string `json:"role"`
	Data     struct {
		Name  string `json:"name"`
		Title string `json:"title"`
		Role  string `json:"role"`
		Email string `json:"email"`
	} `json:"data"`
	Changes map[string]any `json:"changes_requested"`
}

func sentenceOf(e org.AuditEvent) sentence {
	var data eventData
	_ = json.Unmarshal(e.Data, &data) // what cannot be read is left out of the sentence
	s := sentence{
		Revision: e.Revision, Type: string(e.Type), At: e.At, Object: e.Resource,
		IP: e.Actor.Origin.IP, Console: e.Actor.Type == org.ActorSession && (e.Actor.KeyID != "" || e.Actor.OpenID),
	}
	s.setActor(e.Actor)
	if e.ProjectID != "" && e.ProjectID != e.Resource {
		s.Where, s.WhereURL = e.ProjectName, projectsSection+"/"+e.ProjectID
		if s.Where == "" {
			s.Where = e.ProjectID
		}
	}
	if say, ok := sayings[e.Type]; ok {
		say(&s, e, data)
	} else {
		s.Verb = "did " + string(e.Type) + " to"
	}
	return s
}

func (s *sentence) setActor(a org.Actor) {
	switch {
	case a.Type == org.ActorHost:
		s.Actor = "Somebody with a shell on the host"
	case a.Email != "":
		s.Actor, s.ActorURL = a.Email, usersSection+"/"+a.OwnerID
	case a.OwnerID != "":
		s.Actor = a.OwnerID
		if a.OwnerType == org.OwnerUser {
			s.ActorURL = usersSection + "/" + a.OwnerID
		}
	default:
		s.Actor = "Somebody"
	}
}

// sayings word the types of events.
var sayings = map[org.EventType]func(s *sentence, e org.AuditEvent, d eventData){
	org.EventAPIKeyCreated: func(s *sentence, e org.AuditEvent, d eventData) { s.key("made", e, d, true) },
	org.EventAPIKeyUpdated: func(s *sentence, e org.AuditEvent, d eventData) { s.key("changed", e, d, true) },
	org.EventAPIKeyDeleted: func(s *sentence, e org.AuditEvent, d eventData) { s.key("revoked", e, d, false) },

	org.EventProjectCreated: func(s *sentence, e org.AuditEvent, d eventData) { s.project("made the project", e, d.Data.Name) },
	org.EventProjectUpdated: func(s *sentence, e org.AuditEvent, d eventData) {
		s.project("changed the project", e, "")
		s.changes(d)
	},
	org.EventProjectArchived: func(s *sentence, e org.AuditEvent, _ eventData) {
		s.project("archived the project", e, "")
		s.Rest = "and ended its keys"
	},

	org.EventServiceAccountCreated: func(s *sentence, e org.AuditEvent, d eventData) { s.account("made the service account", e, d) },
	org.EventServiceAccountUpdated: func(s *sentence, e org.AuditEvent, d eventData) {
		s.account("changed the service account", e, d)
		s.changes(d)
	},
	org.EventServiceAccountDeleted: func(s *sentence, e org.AuditEvent, d eventData) {
		s.account("removed the service account", e, d)
		s.Rest = "and ended its keys"
	},

	org.EventUserAdded:   func(s *sentence, e org.AuditEvent, d eventData) { s.user("added", e, d); s.as(d) },
	org.EventUserUpdated: func(s *sentence, e org.AuditEvent, d eventData) { s.user("changed", e, d); s.changes(d) },
	org.EventUserDeleted: func(s *sentence, e org.AuditEvent, d eventData) {
		s.user("removed", e, d)
		s.ObjectURL, s.Rest = "", "and ended the keys"
	},

	org.EventInviteSent:     func(s *sentence, _ org.AuditEvent, d eventData) { s.invite("invited", d); s.as(d) },
	org.EventInviteAccepted: func(s *sentence, _ org.AuditEvent, _ eventData) { s.Verb, s.Object = "accepted an invite", "" },
	org.EventInviteDeleted:  func(s *sentence, _ org.AuditEvent, d eventData) { s.invite("took back the invite of", d) },

	org.EventRateLimitUpdated: func(s *sentence, _ org.AuditEvent, d eventData) { s.Verb = "changed the rate limit"; s.changes(d) },
	org.EventLoginSucceeded:   func(s *sentence, _ org.AuditEvent, _ eventData) { s.Verb, s.Object = "signed in to the console", "" },
	org.EventLogoutSucceeded:  func(s *sentence, _ org.AuditEvent, _ eventData) { s.Verb, s.Object = "signed out of the console", "" },

	org.EventBootstrapped: func(s *sentence, _ org.AuditEvent, _ eventData) { s.Verb, s.Object = "started this organization", "" },
	org.EventRecovered: func(s *sentence, e org.AuditEvent, _ eventData) {
		s.Verb, s.Object, s.ObjectURL, s.Alarm = "recovered access with the admin key", e.Resource, adminKeysSection+"/"+e.Resource, true
	},
	org.EventRestored: func(s *sentence, _ org.AuditEvent, _ eventData) {
		s.Verb, s.Object, s.Alarm = "put the database back to a backup", "", true
	},
	org.EventTrimmed: func(s *sentence, _ org.AuditEvent, _ eventData) {
		s.Verb, s.Object = "dropped the oldest events of the log", ""
	},
}

func (s *sentence) key(verb string, e org.AuditEvent, d eventData, there bool) {
	s.Verb = verb + " the key"
	if e.ProjectID == "" {
		s.Verb = verb + " the admin key"
	}
	if d.Name != "" {
		s.Object = d.Name
	}
	if d.Redacted != "" {
		s.Rest = "(" + d.Redacted + ")"
	}
	switch {
	case !there:
	case e.ProjectID == "":
		s.ObjectURL = adminKeysSection + "/" + e.Resource
	default:
		s.ObjectURL = projectsSection + "/" + e.ProjectID + "/keys/" + e.Resource
	}
	s.changes(d)
}

func (s *sentence) project(verb string, e org.AuditEvent, name string) {
	s.Verb, s.ObjectURL = verb, projectsSection+"/"+e.Resource
	switch {
	case name != "":
		s.Object = name
	case e.ProjectName != "":
		s.Object = e.ProjectName
	}
}

func (s *sentence) account(verb string, e org.AuditEvent, d eventData) {
	s.Verb = verb
	if name := d.Name + d.Data.Name; name != "" {
		s.Object = name
	}
	if e.ProjectID != "" && e.Type != org.EventServiceAccountDeleted {
		s.ObjectURL = projectsSection + "/" + e.ProjectID + "/service-accounts"
	}
}

func (s *sentence) user(verb string, e org.AuditEvent, d eventData) {
	s.Verb, s.ObjectURL = verb, usersSection+"/"+e.Resource
	if email := d.Email + d.Data.Email; email != "" {
		s.Object = email
	}
}

func (s *sentence) invite(verb string, d eventData) {
	s.Verb = verb
	if email := d.Email + d.Data.Email; email != "" {
		s.Object = email
	}
}

func (s *sentence) as(d eventData) {
	if role := d.Role + d.Data.Role; role != "" {
		s.Rest = "as " + role
	}
}

// changes words what was asked to be different.
func (s *sentence) changes(d eventData) {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(d.Changes)) {
		parts = append(parts, fmt.Sprintf("%s: %v", strings.ReplaceAll(name, "_", " "), d.Changes[name]))
	}
	if len(parts) > 0 {
		s.Rest = strings.TrimSpace(s.Rest + " — " + strings.Join(parts, ", "))
	}
}
