package client_test

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

// page is a list body of keys with these ids.
func page(hasMore bool, ids ...string) string {
	var keys []string
	for _, id := range ids {
		keys = append(keys, strings.Replace(keyBody, "key_1", id, 1))
	}
	return fmt.Sprintf(`{"object":"list","data":[%s],"has_more":%t}`, strings.Join(keys, ","), hasMore)
}

// walk collects what All yields.
func walk(keys iter.Seq2[api.AdminAPIKey, error]) (ids []string, err error) {
	for key, err := range keys {
		if err != nil {
			return ids, err
		}
		ids = append(ids, key.ID)
	}
	return ids, nil
}

func TestAllWalksThePages(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		params api.AdminAPIKeyListParams
		pages  map[string]string // by query
		want   []string
	}{
		{"nothing there", api.AdminAPIKeyListParams{}, map[string]string{"limit=100": page(false)}, nil},
		{"one page", api.AdminAPIKeyListParams{}, map[string]string{"limit=100": page(false, "a", "b")}, []string{"a", "b"}},
		{"three pages", api.AdminAPIKeyListParams{Order: "desc", Limit: new(2)}, map[string]string{
			"limit=2&order=desc":         page(true, "e", "d"),
			"after=d&limit=2&order=desc": page(true, "c", "b"),
			"after=b&limit=2&order=desc": page(false, "a"),
		}, []string{"e", "d", "c", "b", "a"}},
		{"from a cursor", api.AdminAPIKeyListParams{After: "b"}, map[string]string{"after=b&limit=100": page(false, "c")}, []string{"c"}},
		{"empty page that claims more", api.AdminAPIKeyListParams{}, map[string]string{
			"limit=100":         page(true, "a"),
			"after=a&limit=100": page(true),
		}, []string{"a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, ok := tt.pages[r.URL.RawQuery]
				if !ok {
					t.Errorf("unexpected query %s", r.URL.RawQuery)
				}
				replies(200, "application/json", body)(w, r)
			})
			keys := c.AdminAPIKeys.All(t.Context(), tt.params)
			for range 2 { // a sequence can be walked again
				got, err := walk(keys)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("ids (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestAllRefusesCircles(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]map[string]string{
		"the same page for ever": {"": "a", "a": "a"},
		"a longer circle":        {"": "a", "a": "b", "b": "a"},
		"back to the start":      {"z": "a", "a": "z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				replies(200, "application/json", page(true, next[r.URL.Query().Get("after")]))(w, r)
			})
			var start string
			if _, ok := next["z"]; ok {
				start = "z"
			}
			ids, err := walk(c.AdminAPIKeys.All(t.Context(), api.AdminAPIKeyListParams{After: start}))
			if _, ok := errors.AsType[*client.ResponseError](err); !ok {
				t.Errorf("got %v after %v", err, ids)
			}
			if len(ids) != len(next) {
				t.Errorf("yielded %v", ids)
			}
		})
	}
}

func TestAllIsLazyAndEndsWithTheError(t *testing.T) {
	t.Parallel()
	requests := 0
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if requests++; requests == 1 {
			replies(200, "application/json", page(true, "a", "b"))(w, r)
			return
		}
		replies(403, "application/json", `{"error":{"message":"No.","type":"invalid_request_error"}}`)(w, r)
	})
	keys := c.AdminAPIKeys.All(t.Context(), api.AdminAPIKeyListParams{})
	for _, err := range keys {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if requests != 1 {
		t.Errorf("%d requests for the first key", requests)
	}

	requests = 0
	var got []string
	for key, err := range keys {
		if err != nil {
			got = append(got, "error")
			if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != 403 {
				t.Errorf("got %v", err)
			}
			continue // a caller that goes on is not given more
		}
		got = append(got, key.ID)
	}
	if diff := cmp.Diff([]string{"a", "b", "error"}, got); diff != "" {
		t.Errorf("yielded (-want +got):\n%s", diff)
	}
}
