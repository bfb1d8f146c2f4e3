package compat

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

type (
	newParams  = openai.AdminOrganizationAdminAPIKeyNewParams
	listParams = openai.AdminOrganizationAdminAPIKeyListParams
)

// adminKeys is the SDK's service for the given key.
func (s server) adminKeys(key string) *openai.AdminOrganizationAdminAPIKeyService {
	client := openai.NewClient(option.WithBaseURL(s.url), option.WithAdminAPIKey(key))
	return &client.Admin.Organization.AdminAPIKeys
}

// create makes a key, which lives for the given seconds, or for ever if 0.
func create(t *testing.T, keys *openai.AdminOrganizationAdminAPIKeyService, name string, seconds int64) *openai.AdminOrganizationAdminAPIKeyNewResponse {
	t.Helper()
	params := newParams{Name: name}
	if seconds != 0 {
		params.ExpiresInSeconds = openai.Int(seconds)
	}
	key, err := keys.New(t.Context(), params)
	if err != nil {
		t.Fatalf("create %s: %v", name, err)
	}
	return key
}

// wantError checks an error of the SDK. A null code is an empty one to it.
func wantError(t *testing.T, err error, status int, code string) {
	t.Helper()
	var typed *openai.Error
	if !errors.As(err, &typed) {
		t.Errorf("error %v, want the SDK's own with status %d", err, status)
		return
	}
	if typed.StatusCode != status || typed.Code != code || typed.Type != "invalid_request_error" || typed.Message == "" {
		t.Errorf("error %d %q %q %q, want %d %q and a message", typed.StatusCode, typed.Code, typed.Type, typed.Message, status, code)
	}
}

func TestOpenAIGoCreatesAndReadsKeys(t *testing.T) {
	t.Parallel()
	server := start(t)
	keys := server.adminKeys(server.key)
	for _, tt := range []struct {
		name    string
		seconds int64
	}{{"for ever", 0}, {"for an hour", 3600}} {
		created := create(t, keys, tt.name, tt.seconds)
		if !strings.HasPrefix(created.Value, "sk-admin-") {
			t.Errorf("%s: the value does not begin with sk-admin-", tt.name)
		}
		if suffix := created.Value[len(created.Value)-3:]; created.RedactedValue != "sk-admin..."+suffix {
			t.Errorf("%s: redacted value %q", tt.name, created.RedactedValue)
		}
		if age := time.Since(time.Unix(created.CreatedAt, 0)); age < -time.Second || age > time.Minute {
			t.Errorf("%s: created %v ago", tt.name, age)
		}
		if got := created.ExpiresAt; tt.seconds != 0 && got != created.CreatedAt+tt.seconds {
			t.Errorf("%s: expires at %d, want %d", tt.name, got, created.CreatedAt+tt.seconds)
		}
		if owner := created.Owner; owner.Type != "user" || owner.Object != "organization.user" || owner.Role != "owner" || owner.ID == "" {
			t.Errorf("%s: owner %+v", tt.name, owner)
		}
		read, err := keys.Get(t.Context(), created.ID)
		if err != nil {
			t.Fatal(err)
		}
		if read.ID != created.ID || read.Name != tt.name || read.ExpiresAt != created.ExpiresAt || read.RedactedValue != created.RedactedValue {
			t.Errorf("%s: read back as %s", tt.name, read.RawJSON())
		}
		if got := read.JSON.ExpiresAt.Raw(); tt.seconds == 0 && got != "null" {
			t.Errorf("%s: expires_at is %s, want null", tt.name, got)
		}
		if strings.Contains(read.RawJSON(), created.Value) {
			t.Errorf("%s: the value is shown twice", tt.name)
		}
	}
}

func TestOpenAIGoPagesBothWays(t *testing.T) {
	t.Parallel()
	server := start(t)
	keys := server.adminKeys(server.key)
	var want []string
	for _, name := range []string{"a", "b", "c", "d"} {
		want = append(want, create(t, keys, name, 0).ID)
	}
	all := func(params listParams) (ids []string) {
		for pager := keys.ListAutoPaging(t.Context(), params); ; {
			if !pager.Next() {
				if err := pager.Err(); err != nil {
					t.Fatal(err)
				}
				return ids
			}
			ids = append(ids, pager.Current().ID)
		}
	}
	ascending := all(listParams{Limit: openai.Int(2)})
	if len(ascending) != 5 || !slices.Equal(ascending[1:], want) { // the first is the server's first key
		t.Errorf("ascending %v, want one more and %v", ascending, want)
	}
	descending := all(listParams{Limit: openai.Int(2), Order: openai.AdminOrganizationAdminAPIKeyListParamsOrderDesc})
	slices.Reverse(descending)
	if !slices.Equal(ascending, descending) {
		t.Errorf("descending reversed %v, want %v", descending, ascending)
	}
	if got := all(listParams{After: openai.String(want[1])}); !slices.Equal(got, want[2:]) {
		t.Errorf("after %s: %v, want %v", want[1], got, want[2:])
	}
}

func TestOpenAIGoDeletesWhileItPages(t *testing.T) {
	t.Parallel()
	server := start(t)
	keys := server.adminKeys(server.key)
	want := make(map[string]bool)
	for range 7 {
		want[create(t, keys, "short-lived", 0).ID] = true
	}
	pager := keys.ListAutoPaging(t.Context(), listParams{Limit: openai.Int(2)})
	for pager.Next() {
		id := pager.Current().ID
		if !want[id] {
			continue // the key that does the work
		}
		deleted, err := keys.Delete(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if !deleted.Deleted || deleted.ID != id || deleted.Object != "organization.admin_api_key.deleted" {
			t.Errorf("delete %s answered %s", id, deleted.RawJSON())
		}
		delete(want, id)
	}
	if err := pager.Err(); err != nil {
		t.Fatal(err)
	}
	if len(want) > 0 {
		t.Errorf("%d keys were never listed", len(want))
	}
}

func TestOpenAIGoKeysWorkUntilTheyEnd(t *testing.T) {
	t.Parallel()
	server := start(t)
	keys := server.adminKeys(server.key)
	works := func(key *openai.AdminOrganizationAdminAPIKeyNewResponse) error {
		_, err := server.adminKeys(key.Value).Get(t.Context(), key.ID)
		return err
	}

	lasting := create(t, keys, "lasting", 0)
	if err := works(lasting); err != nil {
		t.Fatalf("a new key is refused: %v", err)
	}
	if read, err := keys.Get(t.Context(), lasting.ID); err != nil || read.LastUsedAt < read.CreatedAt {
		t.Errorf("after its first use: %v, %v", read, err)
	}
	if _, err := keys.Delete(t.Context(), lasting.ID); err != nil {
		t.Fatal(err)
	}
	wantError(t, works(lasting), http.StatusUnauthorized, "invalid_api_key")

	brief := create(t, keys, "brief", 1)
	time.Sleep(time.Until(time.Unix(brief.ExpiresAt, 0)) + 50*time.Millisecond)
	wantError(t, works(brief), http.StatusUnauthorized, "invalid_api_key")
	if read, err := keys.Get(t.Context(), brief.ID); err != nil || read.ExpiresAt != brief.ExpiresAt {
		t.Errorf("an expired key is not listed any more: %v", err)
	}
}

func TestOpenAIGoErrorsAreTyped(t *testing.T) {
	t.Parallel()
	server := start(t)
	keys := server.adminKeys(server.key)
	gone := create(t, keys, "gone", 0)
	if _, err := keys.Delete(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		do     func() error
		status int
		code   string
	}{
		{"wrong key", func() error {
			_, err := server.adminKeys("sk-admin-wrong").List(t.Context(), listParams{})
			return err
		}, http.StatusUnauthorized, "invalid_api_key"},
		{"get a deleted key", func() error { _, err := keys.Get(t.Context(), gone.ID); return err }, http.StatusNotFound, ""},
		{"delete twice", func() error { _, err := keys.Delete(t.Context(), gone.ID); return err }, http.StatusNotFound, ""},
		{"no name", func() error { _, err := keys.New(t.Context(), newParams{}); return err }, http.StatusBadRequest, "empty_string"},
		{"no life", func() error {
			_, err := keys.New(t.Context(), newParams{Name: "x", ExpiresInSeconds: openai.Int(0)})
			return err
		}, http.StatusBadRequest, "integer_below_min_value"},
		{"a large page", func() error {
			_, err := keys.List(t.Context(), listParams{Limit: openai.Int(101)})
			return err
		}, http.StatusBadRequest, "integer_above_max_value"},
		{"another order", func() error {
			_, err := keys.List(t.Context(), listParams{Order: "sideways"})
			return err
		}, http.StatusBadRequest, "invalid_value"},
		{"a cursor of another kind", func() error {
			_, err := keys.List(t.Context(), listParams{After: openai.String("user_1")})
			return err
		}, http.StatusBadRequest, "invalid_value"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantError(t, tt.do(), tt.status, tt.code) })
	}
}
