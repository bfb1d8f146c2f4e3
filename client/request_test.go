package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

// operations calls each method with a valid request, but for the named part.
var operations = map[string]func(context.Context, *client.Client) error{
	"list": func(ctx context.Context, c *client.Client) error {
		_, err := c.AdminAPIKeys.List(ctx, api.AdminAPIKeyListParams{})
		return err
	},
	"get": func(ctx context.Context, c *client.Client) error {
		_, err := c.AdminAPIKeys.Get(ctx, "key_1")
		return err
	},
	"create": func(ctx context.Context, c *client.Client) error {
		_, err := c.AdminAPIKeys.Create(ctx, api.AdminAPIKeyCreateRequest{Name: "deploy"})
		return err
	},
	"delete": func(ctx context.Context, c *client.Client) error {
		_, err := c.AdminAPIKeys.Delete(ctx, "key_1")
		return err
	},
}

func TestRequestsOnTheWire(t *testing.T) {
	t.Parallel()
	type wire struct{ Method, URI, ContentType, Body string }
	const path = "/v1/organization/admin_api_keys"
	tests := []struct {
		name  string
		reply string
		call  func(context.Context, client.AdminAPIKeys) error
		want  wire
	}{
		{"list", listBody, func(ctx context.Context, s client.AdminAPIKeys) error {
			_, err := s.List(ctx, api.AdminAPIKeyListParams{})
			return err
		}, wire{"GET", path, "", ""}},
		{"list with parameters", listBody, func(ctx context.Context, s client.AdminAPIKeys) error {
			_, err := s.List(ctx, api.AdminAPIKeyListParams{After: "key_a&b", Order: api.OrderDescending, Limit: new(0)})
			return err
		}, wire{"GET", path + "?after=key_a%26b&limit=0&order=desc", "", ""}},
		{"get", keyBody, func(ctx context.Context, s client.AdminAPIKeys) error {
			_, err := s.Get(ctx, "key_1")
			return err
		}, wire{"GET", path + "/key_1", "", ""}},
		{"get escapes", strings.Replace(keyBody, "key_1", "k %2Fé", 1), func(ctx context.Context, s client.AdminAPIKeys) error {
			_, err := s.Get(ctx, "k %2Fé")
			return err
		}, wire{"GET", path + "/k%20%252F%C3%A9", "", ""}},
		{"create", createBody, func(ctx context.Context, s client.AdminAPIKeys) error {
			_, err := s.Create(ctx, api.AdminAPIKeyCreateRequest{Name: " deploy "})
			return err
		}, wire{"POST", path, "application/json", `{"name":" deploy "}`}},
		{"create with expiry", strings.Replace(createBody, `"expires_at":null`, `"expires_at":1711471594`, 1),
			func(ctx context.Context, s client.AdminAPIKeys) error {
				_, err := s.Create(ctx, api.AdminAPIKeyCreateRequest{Name: "d", ExpiresInSeconds: new(int64(61))})
				return err
			}, wire{"POST", path, "application/json", `{"name":"d","expires_in_seconds":61}`}},
		{"delete", deletedBody, func(ctx context.Context, s client.AdminAPIKeys) error {
			_, err := s.Delete(ctx, "key_1")
			return err
		}, wire{"DELETE", path + "/key_1", "", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got wire
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = wire{r.Method, r.RequestURI, r.Header.Get("Content-Type"), string(body)}
				replies(200, "application/json", tt.reply)(w, r)
			})
			if err := tt.call(t.Context(), c.AdminAPIKeys); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadRequestsAreNotSent(t *testing.T) {
	t.Parallel()
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("sent: %s %s", r.Method, r.RequestURI)
	})
	keys := c.AdminAPIKeys
	get := func(id string) func() error {
		return func() error { _, err := keys.Get(t.Context(), id); return err }
	}
	list := func(p api.AdminAPIKeyListParams) func() error {
		return func() error { _, err := keys.List(t.Context(), p); return err }
	}
	create := func(name string, expires *int64) func() error {
		return func() error {
			_, err := keys.Create(t.Context(), api.AdminAPIKeyCreateRequest{Name: name, ExpiresInSeconds: expires})
			return err
		}
	}
	tests := []struct {
		name  string
		call  func() error
		param string
	}{
		{"empty id", get(""), "key_id"},
		{"dot id", get("."), "key_id"},
		{"two dots id", get(".."), "key_id"},
		{"id with slash", get("key_/x"), "key_id"},
		{"id with question mark", get("key_?x"), "key_id"},
		{"id with number sign", get("key_#x"), "key_id"},
		{"id with line break", get("key_\n"), "key_id"},
		{"id with bad UTF-8", get("key_\xff"), "key_id"},
		{"a key for its id", get(testKey), "key_id"},
		{"delete without id", func() error { _, err := keys.Delete(t.Context(), ""); return err }, "key_id"},
		{"cursor with slash", list(api.AdminAPIKeyListParams{After: "a/b"}), "after"},
		{"a key for a cursor", list(api.AdminAPIKeyListParams{After: testKey}), "after"},
		{"unknown order", list(api.AdminAPIKeyListParams{Order: "up"}), "order"},
		{"order in capitals", list(api.AdminAPIKeyListParams{Order: "ASC"}), "order"},
		{"negative limit", list(api.AdminAPIKeyListParams{Limit: new(-1)}), "limit"},
		{"limit above 100", list(api.AdminAPIKeyListParams{Limit: new(101)}), "limit"},
		{"empty name", create("", nil), "name"},
		{"blank name", create(" \u2003 ", nil), "name"},
		{"long name", create(strings.Repeat("é", 257), nil), "name"},
		{"name with tab", create("a\tb", nil), "name"},
		{"name ending in line break", create("a\n", nil), "name"},
		{"name with bad UTF-8", create("a\xff", nil), "name"},
		{"expiry of 0", create("a", new(int64(0))), "expires_in_seconds"},
		{"negative expiry", create("a", new(int64(-1))), "expires_in_seconds"},
		{"expiry after a year", create("a", new(int64(api.MaxExpiresInSeconds+1))), "expires_in_seconds"},
		{"all in pages of 0", func() error {
			for _, err := range keys.All(t.Context(), api.AdminAPIKeyListParams{Limit: new(0)}) {
				return err
			}
			return nil
		}, "limit"},
		{"all in bad order", func() error {
			for _, err := range keys.All(t.Context(), api.AdminAPIKeyListParams{Order: "up"}) {
				return err
			}
			return nil
		}, "order"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.call()
			refused, ok := errors.AsType[*client.RequestError](err)
			if !ok {
				t.Fatalf("got %v, want a RequestError", err)
			}
			if refused.Param != tt.param || refused.Operation == "" || refused.Message == "" {
				t.Errorf("got %+v, want param %s", refused, tt.param)
			}
			if !strings.Contains(err.Error(), tt.param) || strings.Contains(err.Error(), "canary") {
				t.Errorf("error reads %q", err)
			}
		})
	}
}

func TestLongestNameAndLifeAreSent(t *testing.T) {
	t.Parallel()
	c := serve(t, replies(200, "application/json", strings.Replace(createBody, `"expires_at":null`, `"expires_at":1743007533`, 1)))
	_, err := c.AdminAPIKeys.Create(t.Context(), api.AdminAPIKeyCreateRequest{
		Name:             " " + strings.Repeat("é", 256) + " ",
		ExpiresInSeconds: new(int64(api.MaxExpiresInSeconds)),
	})
	if err != nil {
		t.Fatal(err)
	}
}
