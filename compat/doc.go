// Package compat runs clients that others wrote, unchanged, through the whole
// life of admin keys against the built server: the official Go and npm SDKs and
// Perl's OpenAPI::Client. The SDKs administer an organization as well: a method of
// theirs that is served and not tried fails a test. It has tests only; `make compat` builds the server
// and runs them.
package compat
