// Package oidc asks an OpenID Connect provider who somebody is, and learns the
// email address that the provider has verified. Who may do what is for others to
// know: here nobody has a role.
//
// It speaks the authorization code flow with PKCE. Nothing is kept between its two
// halves but a secret in the browser, from which all that must not be guessed is
// derived: any replica can finish what another has begun.
package oidc
