// Package gateway tells API gateways whether a presented key is good.
//
// A Gate makes the decision: it finds the key among the headers of a request,
// asks verify and turns the outcome into an answer. Everything else is an
// adapter of that one decision to a protocol: sub-requests of nginx, Caddy,
// Traefik and HAProxy over net/http, or in their plainest form over a lane
// without it, Envoy's ext_authz over gRPC and HTTP, and RFC 7662 token
// introspection.
//
// No adapter caches, reads the database or logs an allowed key.
package gateway
