package client_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

const inviteToken = "canary-token-0123456789"

// accept accepts an invite at a server that runs h.
func accept(t *testing.T, h http.HandlerFunc) (*api.InviteAcceptResponse, error) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return client.AcceptInvite(t.Context(), srv.URL+"/v1/", api.InviteAcceptRequest{Token: inviteToken, Name: "Ada"})
}

func TestInviteIsAcceptedWithoutAKey(t *testing.T) {
	t.Parallel()
	var got string
	user, err := accept(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.RequestURI + " " + string(body)
		if r.Header.Get("Authorization") != "" {
			t.Error("a key was sent")
		}
		replies(200, "application/json", acceptedBody)(w, r)
	})
	if err != nil || user.ID != "user_1" || user.AdminAPIKey.Value != "secret-key" {
		t.Errorf("got %+v, %v", user, err)
	}
	want := `POST /v1/organization/invites/accept {"token":"` + inviteToken + `","name":"Ada"}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestAcceptedInvitesErrorsHideTheToken(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"refused":  replies(400, "application/json", `{"error":{"message":"No invite `+inviteToken+`","type":"invalid_request_error"}}`),
		"a page":   replies(502, "text/html", "what is "+inviteToken),
		"unusable": replies(200, "application/json", `{"`+inviteToken+`":1,"`+inviteToken+`":2}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := accept(t, h)
			if err == nil || strings.Contains(err.Error(), "canary") || !strings.HasPrefix(err.Error(), "accept invite: ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAcceptedInviteMustComeWithTheUsersOwnKey(t *testing.T) {
	t.Parallel()
	for _, old := range []string{`"id":"user_1","name":"Ada","created_at"`, `"value":"secret-key"`, `"id":"key_1"`, `"admin_api_key"`} {
		body := strings.Replace(acceptedBody, old, strings.Replace(old, `"`, `"x`, 1), 1)
		var bad *client.ResponseError
		if _, err := accept(t, replies(200, "application/json", body)); body == acceptedBody || !errors.As(err, &bad) || strings.Contains(err.Error(), "secret") {
			t.Errorf("without %s: %v", old, err)
		}
	}
}

func TestAcceptInviteRefusesAddressesAndOptionsAsNewDoes(t *testing.T) {
	t.Parallel()
	req := api.InviteAcceptRequest{Token: inviteToken, Name: "Ada"}
	if _, err := client.AcceptInvite(t.Context(), "http://x/", req); err == nil || !strings.Contains(err.Error(), "must end in /v1") {
		t.Errorf("got %v", err)
	}
	_, err := client.AcceptInvite(t.Context(), "http://x/v1", req, client.WithMaxRetries(-1))
	if err == nil || errors.As(err, new(*client.Error)) {
		t.Errorf("got %v", err)
	}
}
