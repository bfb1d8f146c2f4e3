package client_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

// connectTo returns a client of a server that has one answer to everything.
func connectTo(reply string) (c *client.Client, stop func()) {
	srv := httptest.NewServer(replies(http.StatusOK, "application/json", reply))
	c, err := client.New(srv.URL+"/v1", "sk-admin-0123456789")
	if err != nil {
		log.Fatal(err)
	}
	return c, func() { c.CloseIdleConnections(); srv.Close() }
}

func ExampleUsers_Update() {
	c, stop := connectTo(userBody)
	defer stop()

	user, err := c.Users.Update(context.Background(), "user_1", api.UserUpdateRequest{Role: new(api.RoleOwner)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*user.Name, "is an", *user.Role)
	// Output: Ada is an owner
}

func ExampleInvites_Create() {
	c, stop := connectTo(newInviteBody)
	defer stop()

	invite, err := c.Invites.Create(context.Background(), api.InviteCreateRequest{
		Email:    "ada@example.com",
		Role:     api.RoleReader,
		Projects: []api.InviteProject{{ID: "proj_1", Role: api.RoleMember}},
	})
	if err != nil {
		log.Fatal(err)
	}
	// Give invite.Token to Ada, now: no later answer contains it.
	fmt.Println(invite.Email, "is", invite.Status, "for", time.Duration(*invite.ExpiresAt-invite.CreatedAt)*time.Second)
	// Output: ada@example.com is pending for 168h0m0s
}

func ExampleAcceptInvite() {
	srv := httptest.NewServer(replies(http.StatusOK, "application/json", acceptedBody))
	defer srv.Close()

	made, err := client.AcceptInvite(context.Background(), srv.URL+"/v1", api.InviteAcceptRequest{Token: "0123456789", Name: "Ada"})
	if err != nil {
		log.Fatal(err)
	}
	// Keep made.AdminAPIKey.Value, now: no later answer contains it.
	fmt.Println(made.ID, *made.Email, made.AdminAPIKey.RedactedValue)
	// Output: user_1 ada@example.com sk-admin...def
}

func ExampleProjects_Archive() {
	c, stop := connectTo(archivedBody)
	defer stop()

	project, err := c.Projects.Archive(context.Background(), "proj_1")
	if err != nil {
		log.Fatal(err)
	}
	// Every key of the project is refused by now.
	fmt.Println(*project.Name, "is", *project.Status)
	// Output: chat is archived
}

func ExampleProjectUsers_Create() {
	c, stop := connectTo(memberBody)
	defer stop()

	member, err := c.ProjectUsers.Create(context.Background(), "proj_1", api.ProjectUserCreateRequest{
		Email: new("ada@example.com"),
		Role:  api.RoleMember,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(member.ID, member.Role)
	// Output: user_1 member
}

func ExampleProjectServiceAccounts_Create() {
	c, stop := connectTo(newAccountBody)
	defer stop()

	account, err := c.ProjectServiceAccounts.Create(context.Background(), "proj_1", api.ProjectServiceAccountCreateRequest{Name: "worker"})
	if err != nil {
		log.Fatal(err)
	}
	// Keep account.APIKey.Value now: no later answer contains it.
	fmt.Println(account.Name, strings.HasPrefix(account.APIKey.Value, "sk-svcacct-"))
	// Output: worker true
}

func ExampleProjectAPIKeys_Create() {
	c, stop := connectTo(newProjectKeyBody)
	defer stop()

	key, err := c.ProjectAPIKeys.Create(context.Background(), "proj_1", api.ProjectAPIKeyCreateRequest{
		UserID: "user_1",
		Name:   "laptop",
	})
	if err != nil {
		log.Fatal(err)
	}
	// Keep key.Value now: no later answer contains it.
	fmt.Println(key.Name, "of", key.Owner.User.Name, strings.HasPrefix(key.Value, "sk-proj-"))
	// Output: laptop of Ada true
}

func ExampleProjectRateLimits_Update() {
	c, stop := connectTo(rateLimitBody)
	defer stop()

	limit, err := c.ProjectRateLimits.Update(context.Background(), "proj_1", "rl-gpt", api.ProjectRateLimitUpdateRequest{
		MaxRequestsPer1Minute: new(int64(60)),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(limit.Model, limit.MaxRequestsPer1Minute)
	// Output: gpt 60
}

func ExampleAuditLogs_All() {
	c, stop := connectTo(listOf(eventBody))
	defer stop()

	yesterday := time.Now().Add(-24 * time.Hour).Unix()
	for event, err := range c.AuditLogs.All(context.Background(), api.AuditLogListParams{
		EffectiveAt: api.AuditLogTimes{GTE: &yesterday},
		EventTypes:  []api.AuditEventType{api.AuditProjectCreated, api.AuditProjectArchived},
	}) {
		if err != nil {
			log.Fatal(err)
		}
		if p := event.ProjectCreated; p != nil {
			fmt.Println(p.ID, p.Data.Title)
		}
	}
	// Output: proj_1 chat
}
