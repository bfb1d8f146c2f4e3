// Package modeltest administers an organization at random and holds it to a
// plain model: users, projects, members, service accounts and keys of all kinds,
// made, changed and ended over the API of a real server, whose clock is put
// forward and which is restarted now and then. After each step every key that
// was ever issued is presented to the gateways' listener, which must say what
// the model says.
package modeltest
