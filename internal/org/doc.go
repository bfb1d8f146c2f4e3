// Package org is the domain: an organization, its users, projects and keys,
// the rules for changing them, and the ordered log of every change.
//
// A Service method authorises its caller, validates its input and describes
// one change as a closure over a Tx. The Store, which this package declares
// and package sqlstore implements, runs the closure: the rows it writes and
// the events it emits are committed together or not at all. An event carries
// what it does to the verification index (its effects), so the log alone keeps
// every replica current.
//
// The package knows neither HTTP nor SQL. Its structs carry no JSON tags, so a
// digest cannot slip into a response.
package org
