package compat

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// organization is a run of the SDK's administration of one organization, in the
// order of the steps below. Its ids are those of what was made so far.
type organization struct {
	server
	sdk     openai.Client
	project string
	owner   string // the first user
	second  string // who came by an invite
	account string
	key     string
	limit   string
}

// step tries one method of the SDK, named by the services that lead to it.
type step struct {
	method string // Projects.Users.New
	try    func(*testing.T, *organization) error
}

var steps = slices.Concat(projectSteps, inviteSteps, userSteps, memberSteps, accountSteps, keySteps, limitSteps, auditSteps, endSteps)

// notTried are services and methods of the SDK that this test leaves out.
var notTried = map[string]string{
	"AdminAPIKeys":                   "has tests of its own",
	"Usage":                          "no operation of it is served yet",
	"Groups":                         "no operation of it is served yet",
	"Roles":                          "no operation of it is served yet",
	"DataRetention":                  "no operation of it is served yet",
	"ExternalStorage":                "is not in the contract",
	"SpendLimit":                     "no operation of it is served yet",
	"SpendAlerts":                    "no operation of it is served yet",
	"Certificates":                   "no operation of it is served yet",
	"ExternalKeys":                   "is not in the contract",
	"WorkloadIdentityProviders":      "is not in the contract",
	"Users.Roles":                    "no operation of it is served yet",
	"Projects.ModelPermissions":      "no operation of it is served yet",
	"Projects.HostedToolPermissions": "no operation of it is served yet",
	"Projects.Groups":                "no operation of it is served yet",
	"Projects.Roles":                 "no operation of it is served yet",
	"Projects.Users.Roles":           "no operation of it is served yet",
	"Projects.DataRetention":         "no operation of it is served yet",
	"Projects.SpendLimit":            "no operation of it is served yet",
	"Projects.SpendAlerts":           "no operation of it is served yet",
	"Projects.Certificates":          "no operation of it is served yet",
	"Projects.ServiceTierSettings":   "is not in the contract",
	"Projects.APIKeys.Update":        "is not in the contract",
}

// TestEveryMethodOfTheGoSDKIsTried fails for what a newer SDK adds, until it is
// tried or left out for a reason.
func TestEveryMethodOfTheGoSDKIsTried(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, s := range steps {
		tried[s.method] = true
	}
	seen := map[string]bool{}
	var walk func(service reflect.Type, path string)
	walk = func(service reflect.Type, path string) {
		for method := range reflect.PointerTo(service).Methods() {
			name := path + method.Name
			seen[name] = true
			if !tried[name] && notTried[name] == "" {
				t.Errorf("%s of the SDK is not tried", name)
			}
		}
		for field := range service.Fields() {
			if name := path + field.Name; strings.HasSuffix(field.Type.Name(), "Service") {
				seen[name] = true
				if notTried[name] == "" {
					walk(field.Type, name+".")
				}
			}
		}
	}
	walk(reflect.TypeFor[openai.AdminOrganizationService](), "")
	for name := range notTried {
		if !seen[name] || tried[name] {
			t.Errorf("%s is left out, but is not in the SDK, or is tried", name)
		}
	}
	for name := range tried {
		if !seen[name] {
			t.Errorf("%s is tried, but is not in the SDK", name)
		}
	}
}

// TestOpenAIGoAdministersAnOrganization tries them all, in their order.
func TestOpenAIGoAdministersAnOrganization(t *testing.T) {
	t.Parallel()
	s := start(t)
	o := &organization{server: s, sdk: openai.NewClient(option.WithBaseURL(s.url), option.WithAdminAPIKey(s.key))}
	for _, step := range steps {
		t.Run(step.method, func(t *testing.T) {
			if err := step.try(t, o); err != nil {
				t.Error(err)
			}
		})
	}
	t.Logf("%d methods of the SDK", len(steps))
}

func (o *organization) admin() *openai.AdminOrganizationService { return &o.sdk.Admin.Organization }

func (o *organization) projects() *openai.AdminOrganizationProjectService { return &o.admin().Projects }

// pager is what every ListAutoPaging returns.
type pager[T any] interface {
	Next() bool
	Current() T
	Err() error
}

// count walks through all pages and demands at least some elements.
func count[T any](t *testing.T, p pager[T], least int) error {
	t.Helper()
	n := 0
	for p.Next() {
		n++
	}
	if err := p.Err(); err != nil {
		return err
	}
	if n < least {
		t.Errorf("%d elements, want %d or more", n, least)
	}
	return nil
}

// must reports a fact about an answer that does not hold.
func must(t *testing.T, ok bool, what, body string) {
	t.Helper()
	if !ok {
		t.Errorf("want %s: %s", what, body)
	}
}
