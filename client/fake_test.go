package client_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/keyreeve/keyreeve/api"
)

// startServer starts a server with one admin key for the examples, and returns
// its base URL and that key. The examples print nothing that differs from one
// server to the next.
func startServer() (baseURL, adminKey string, stop func()) {
	f := &fake{}
	first := f.add("first")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/organization/admin_api_keys", f.list)
	mux.HandleFunc("POST /v1/organization/admin_api_keys", f.create)
	mux.HandleFunc("GET /v1/organization/admin_api_keys/{id}", f.get)
	mux.HandleFunc("DELETE /v1/organization/admin_api_keys/{id}", f.remove)
	srv := httptest.NewServer(mux)
	return srv.URL + "/v1", first.Value, srv.Close
}

// fake keeps admin API keys in memory, oldest first.
type fake struct {
	mu   sync.Mutex
	made int
	keys []api.AdminAPIKey
}

func (f *fake) add(name string) api.AdminAPIKeyCreateResponse {
	f.made++
	created := api.AdminAPIKeyCreateResponse{
		AdminAPIKey: api.AdminAPIKey{
			Object:        api.ObjectAdminAPIKey,
			ID:            fmt.Sprintf("key_%04d", f.made),
			Name:          &name,
			RedactedValue: fmt.Sprintf("sk-admin...%03d", f.made),
			CreatedAt:     1711471533,
			Owner: api.AdminAPIKeyOwner{
				Type: "user", Object: api.ObjectUser, ID: "user_1", Name: "Ada", CreatedAt: 1711471533, Role: "owner",
			},
		},
		Value: fmt.Sprintf("sk-admin-example%03d", f.made),
	}
	f.keys = append(f.keys, created.AdminAPIKey)
	return created
}

func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	q := r.URL.Query()
	keys := slices.Clone(f.keys)
	if q.Get("order") == "desc" {
		slices.Reverse(keys)
	}
	if i := slices.IndexFunc(keys, hasID(q.Get("after"))); i >= 0 {
		keys = keys[i+1:]
	}
	limit := 20
	if n, err := strconv.Atoi(q.Get("limit")); err == nil {
		limit = n
	}
	l := api.List[api.AdminAPIKey]{Object: api.ObjectList, Data: keys[:min(limit, len(keys))], HasMore: len(keys) > limit}
	if n := len(l.Data); n > 0 {
		l.FirstID, l.LastID = &l.Data[0].ID, &l.Data[n-1].ID
	}
	write(w, http.StatusOK, l)
}

func (f *fake) create(w http.ResponseWriter, r *http.Request) {
	var req api.AdminAPIKeyCreateRequest
	if err := json.UnmarshalRead(r.Body, &req); err != nil {
		write(w, http.StatusBadRequest, api.ErrorResponse{Error: api.Error{Message: err.Error(), Type: api.ErrorTypeInvalidRequest}})
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	created := f.add(req.Name)
	if req.ExpiresInSeconds != nil {
		created.ExpiresAt = new(created.CreatedAt + *req.ExpiresInSeconds)
		f.keys[len(f.keys)-1] = created.AdminAPIKey
	}
	write(w, http.StatusOK, created)
}

func (f *fake) get(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.keys, hasID(r.PathValue("id")))
	if i < 0 {
		notFound(w, r)
		return
	}
	write(w, http.StatusOK, f.keys[i])
}

func (f *fake) remove(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.keys, hasID(r.PathValue("id")))
	if i < 0 {
		notFound(w, r)
		return
	}
	f.keys = slices.Delete(f.keys, i, i+1)
	write(w, http.StatusOK, api.AdminAPIKeyDeleted{ID: r.PathValue("id"), Object: api.ObjectAdminAPIKeyDeleted, Deleted: true})
}

func hasID(id string) func(api.AdminAPIKey) bool {
	return func(k api.AdminAPIKey) bool { return k.ID == id }
}

func notFound(w http.ResponseWriter, r *http.Request) {
	write(w, http.StatusNotFound, api.ErrorResponse{Error: api.Error{
		Message: "No such admin API key: '" + r.PathValue("id") + "'.",
		Type:    api.ErrorTypeInvalidRequest,
	}})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, body)
}
