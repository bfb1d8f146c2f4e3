package keyreevetest

import (
	"testing"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

// NewProject makes a project and returns its id.
func (s *Server) NewProject(tb testing.TB, name string) (id string) {
	tb.Helper()
	project, err := s.Client.Projects.Create(tb.Context(), api.ProjectCreateRequest{Name: name})
	if err != nil {
		tb.Fatal("keyreevetest: ", err)
	}
	return project.ID
}

// NewServiceAccount makes a service account in a project and returns its id and
// the value of its key, which does not expire.
func (s *Server) NewServiceAccount(tb testing.TB, projectID, name string) (id, key string) {
	tb.Helper()
	account, err := s.Client.ProjectServiceAccounts.Create(tb.Context(), projectID, api.ProjectServiceAccountCreateRequest{Name: name})
	if err != nil {
		tb.Fatal("keyreevetest: ", err)
	}
	return account.ID, account.APIKey.Value
}

// NewMember makes a user with the role reader, who is a member of a project, and
// returns its id and the value of a key for the project, which does not expire.
// The user comes as people do: by an invite that is accepted.
func (s *Server) NewMember(tb testing.TB, projectID, email string) (userID, key string) {
	tb.Helper()
	invite, err := s.Client.Invites.Create(tb.Context(), api.InviteCreateRequest{
		Email: email, Role: api.RoleReader, Projects: []api.InviteProject{{ID: projectID, Role: api.RoleMember}},
	})
	if err != nil {
		tb.Fatal("keyreevetest: ", err)
	}
	user, err := client.AcceptInvite(tb.Context(), s.URL, api.InviteAcceptRequest{Token: invite.Token, Name: email})
	if err != nil {
		tb.Fatal("keyreevetest: ", err)
	}
	made, err := s.Client.ProjectAPIKeys.Create(tb.Context(), projectID, api.ProjectAPIKeyCreateRequest{UserID: user.ID, Name: "test"})
	if err != nil {
		tb.Fatal("keyreevetest: ", err)
	}
	return user.ID, made.Value
}
