// Package fleet keeps several replicas on one database honest: a revocation that
// was answered is in force on all of them.
//
// A replica answers only while it has a lease, and gets one by a heartbeat that
// saw the head of the log, once its index has applied that head. Whoever commits
// a revocation waits until every replica says that it has applied it, or until
// the leases of those that do not say so must have run out. A replica that
// cannot reach the database thus stops answering before the wait for it ends.
//
// [Member] runs the protocol of docs/decisions/0010-fleet.md over a [Store]; the
// decisions that its safety rests on are the functions of rules.go and of
// package verify, and the model in this package's tests tries them in every
// order of events.
package fleet
