package httpapi

import (
	"net/http"

	"github.com/keyreeve/keyreeve/internal/org"
)

// Route is one operation of the contract as it is served.
type Route struct {
	Method     string
	Path       string // of http.ServeMux, without the method
	Operation  string // operationId of the contract
	Permission org.Permission
}

// route is a row with its handler.
type route struct {
	Route
	handler http.Handler
}

// table is every operation that is served.
func (a *admin) table() []route {
	const (
		keys = "/v1/organization/admin_api_keys"
		key  = keys + "/{key_id}"
	)
	return []route{
		{Route{http.MethodGet, keys, "admin-api-keys-list", org.ManagementRead}, handle(a, a.listAdminAPIKeys)},
		{Route{http.MethodPost, keys, "admin-api-keys-create", org.ManagementWrite}, handle(a, a.createAdminAPIKey)},
		{Route{http.MethodGet, key, "admin-api-keys-get", org.ManagementRead}, handle(a, a.getAdminAPIKey)},
		{Route{http.MethodDelete, key, "admin-api-keys-delete", org.ManagementWrite}, handle(a, a.deleteAdminAPIKey)},
	}
}

// Routes lists what is served, for tests that must not miss a row.
func Routes() []Route {
	var out []Route
	for _, r := range new(admin).table() {
		out = append(out, r.Route)
	}
	return out
}
