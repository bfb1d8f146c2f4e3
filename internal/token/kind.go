package token

// Kind says what a key is for. It is written in the prefix of the key string.
type Kind uint8

// The kinds. Their numbers are stored, so they never change.
const (
	KindUnknown        Kind = 0
	KindAdmin          Kind = 1 // manages the organization
	KindProject        Kind = 2 // a user's key for one project
	KindServiceAccount Kind = 3 // a service account's key for one project
	KindInvite         Kind = 4 // no key: accepts an invite, once. It has a key's form so that what finds keys finds it
)

var kinds = [...]struct{ name, prefix string }{
	KindUnknown:        {"unknown", ""},
	KindAdmin:          {"admin", "sk-admin-"},
	KindProject:        {"project", "sk-proj-"},
	KindServiceAccount: {"service_account", "sk-svcacct-"},
	KindInvite:         {"invite", "sk-invite-"},
}

// String returns the name used in metrics and logs: "admin", "project",
// "service_account", "invite", and "unknown" for anything else.
func (k Kind) String() string {
	if int(k) >= len(kinds) {
		k = KindUnknown
	}
	return kinds[k].name
}

// Prefix returns what every key string of this kind begins with, and "" for a
// kind that is not one.
func (k Kind) Prefix() string {
	if int(k) >= len(kinds) {
		k = KindUnknown
	}
	return kinds[k].prefix
}

// kindOf returns the kind whose prefix s begins with. No prefix begins
// another, so at most one fits.
func kindOf(s string) Kind {
	for k := KindAdmin; int(k) < len(kinds); k++ {
		p := kinds[k].prefix
		if len(s) >= len(p) && s[:len(p)] == p {
			return k
		}
	}
	return KindUnknown
}
