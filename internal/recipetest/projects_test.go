package recipetest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

// owner is the user of the first start.
func (w *world) owner(t *testing.T) string {
	t.Helper()
	users, err := w.client.Users.List(t.Context(), api.UserListParams{})
	if err != nil {
		t.Fatal(err)
	}
	return users.Data[0].ID
}

// newUser makes a user, who comes by an invite.
func (w *world) newUser(t *testing.T, email string) (id string) {
	t.Helper()
	invite, err := w.client.Invites.Create(t.Context(), api.InviteCreateRequest{Email: email, Role: api.RoleReader})
	if err != nil {
		t.Fatal(err)
	}
	user, err := client.AcceptInvite(t.Context(), w.keyreeve.URL()+"/v1", api.InviteAcceptRequest{Token: invite.Token, Name: "Guest"})
	if err != nil {
		t.Fatal(err)
	}
	return user.ID
}

func (w *world) newProject(t *testing.T) (id string) {
	t.Helper()
	project, err := w.client.Projects.Create(t.Context(), api.ProjectCreateRequest{Name: "models"})
	if err != nil {
		t.Fatal(err)
	}
	return project.ID
}

// newMemberKey makes a user a member of a project, with a key.
func (w *world) newMemberKey(t *testing.T, project, user string) *api.ProjectAPIKeyCreateResponse {
	t.Helper()
	if _, err := w.client.ProjectUsers.Create(t.Context(), project, api.ProjectUserCreateRequest{UserID: &user, Role: api.RoleMember}); err != nil {
		t.Fatal(err)
	}
	key, err := w.client.ProjectAPIKeys.Create(t.Context(), project, api.ProjectAPIKeyCreateRequest{UserID: user, Name: "models"})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (w *world) newAccount(t *testing.T, project string) *api.ProjectServiceAccountCreateResponse {
	t.Helper()
	account, err := w.client.ProjectServiceAccounts.Create(t.Context(), project, api.ProjectServiceAccountCreateRequest{Name: "worker"})
	if err != nil {
		t.Fatal(err)
	}
	return account
}

func (w *world) testProjectKeys(t *testing.T) {
	project, user := w.newProject(t), w.owner(t)
	key, account := w.newMemberKey(t, project, user), w.newAccount(t, project)
	for value, who := range map[string]map[string]string{
		key.Value: {
			"X-Keyreeve-Key-Id": key.ID, "X-Keyreeve-Owner-Id": user, "X-Keyreeve-Owner-Type": "user",
			"X-Keyreeve-Project-Id": project, "X-Keyreeve-Kind": "project",
		},
		account.APIKey.Value: {
			"X-Keyreeve-Key-Id": account.APIKey.ID, "X-Keyreeve-Owner-Id": account.ID, "X-Keyreeve-Owner-Type": "service_account",
			"X-Keyreeve-Project-Id": project, "X-Keyreeve-Kind": "service_account",
		},
	} {
		w.models.take()
		if a := w.get(t, "/v1/models", "Authorization", "Bearer "+value); a.status != http.StatusOK {
			t.Errorf("got %d %s", a.status, a.body)
			continue
		}
		w.checkArrived(t, value, who)
	}
}

// testOwnersEnd ends keys by what they belong to. Another project's keys stay.
func (w *world) testOwnersEnd(t *testing.T) {
	project, archived, owner := w.newProject(t), w.newProject(t), w.owner(t)
	user := w.newUser(t, "guest@example.com")
	account := w.newAccount(t, project)
	second, err := w.client.ProjectServiceAccounts.CreateAPIKey(t.Context(), project, account.ID, api.ProjectServiceAccountAPIKeyCreateRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what string
		keys []string
		end  func() error
	}{
		{"a removed member", []string{w.newMemberKey(t, project, owner).Value}, func() error {
			_, err := w.client.ProjectUsers.Delete(t.Context(), project, owner)
			return err
		}},
		{"a deleted user", []string{w.newMemberKey(t, project, user).Value}, func() error {
			_, err := w.client.Users.Delete(t.Context(), user)
			return err
		}},
		{"a deleted service account", []string{account.APIKey.Value, second.Value}, func() error {
			_, err := w.client.ProjectServiceAccounts.Delete(t.Context(), project, account.ID)
			return err
		}},
		{"an archived project", []string{w.newAccount(t, archived).APIKey.Value, w.newMemberKey(t, archived, owner).Value}, func() error {
			_, err := w.client.Projects.Archive(t.Context(), archived)
			return err
		}},
	} {
		keys := append(test.keys, w.projectKey)
		w.checkStatus(t, test.what+", before", http.StatusOK, keys...)
		if err := test.end(); err != nil {
			t.Fatal(err)
		}
		w.models.take()
		for _, key := range test.keys {
			w.checkRefused(t, "a key of "+test.what, w.get(t, "/v1/models", "Authorization", "Bearer "+key))
		}
		w.checkStatus(t, "another's key", http.StatusOK, w.projectKey)
	}
}

func (w *world) checkStatus(t *testing.T, what string, want int, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if a := w.get(t, "/v1/models", "Authorization", "Bearer "+key); a.status != want {
			t.Errorf("%s: got %d %s", what, a.status, a.body)
		}
	}
}

// testKinds lets in keys of projects only.
func (w *world) testKinds(t *testing.T) {
	account := w.newAccount(t, w.project)
	w.checkStatus(t, "a key of a project", http.StatusOK, w.projectKey, account.APIKey.Value)
	w.models.take()
	a := w.get(t, "/v1/models", "Authorization", "Bearer "+w.adminKey)
	var body api.ErrorResponse
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || a.status != http.StatusForbidden || !strings.Contains(body.Error.Message, "not of a kind") {
		t.Errorf("an admin key: got %d %s", a.status, a.body)
	}
	if seen := w.models.take(); len(seen) > 0 {
		t.Error("an admin key reached the model server")
	}
	if _, err := w.client.ProjectServiceAccounts.Delete(t.Context(), w.project, account.ID); err != nil {
		t.Fatal(err)
	}
	w.checkRefused(t, "a key of a deleted account", w.get(t, "/v1/models", "Authorization", "Bearer "+account.APIKey.Value))
}
