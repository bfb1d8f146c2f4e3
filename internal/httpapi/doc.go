// Package httpapi serves OpenAI's organization Administration API over the
// organization's rules.
//
// routes.go is the whole table. Each row is a method of api of a few lines,
// wrapped by the one generic adapter in handle.go, which authenticates,
// authorises, binds the request strictly, calls it and renders the result. All
// errors end in errors.go.
package httpapi
