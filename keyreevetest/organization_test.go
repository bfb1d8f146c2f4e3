package keyreevetest_test

import (
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/keyreevetest"
)

// A test of a program that takes the keys of a project away.
func TestOffboarding(t *testing.T) {
	t.Parallel()
	s := keyreevetest.New(t)
	project := s.NewProject(t, "chat")
	account, accountKey := s.NewServiceAccount(t, project, "worker")
	user, userKey := s.NewMember(t, project, "bob@example.com")
	if !strings.HasPrefix(accountKey, "sk-svcacct-") || !strings.HasPrefix(userKey, "sk-proj-") {
		t.Error("the keys are not of their kinds")
	}
	keys := func() (owners []string) {
		for key, err := range s.Client.ProjectAPIKeys.All(t.Context(), project, api.ProjectAPIKeyListParams{}) {
			if err != nil {
				t.Fatal(err)
			}
			if key.Owner.User != nil {
				owners = append(owners, key.Owner.User.ID)
			} else {
				owners = append(owners, key.Owner.ServiceAccount.ID)
			}
		}
		return owners
	}
	if got := strings.Join(keys(), " "); got != account+" "+user {
		t.Fatalf("keys of %s, want of %s and %s", got, account, user)
	}
	if _, err := s.Client.ProjectUsers.Delete(t.Context(), project, user); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Client.ProjectServiceAccounts.Delete(t.Context(), project, account); err != nil {
		t.Fatal(err)
	}
	if got := keys(); len(got) > 0 {
		t.Errorf("keys of %s are left", got)
	}
}
