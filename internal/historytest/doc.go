// Package historytest shows the one guarantee of a fleet: a verification that
// starts after a revocation returned is refused, on every replica.
//
// Clients of several replicas write down each request with its start and its
// end ([Recorder]) while the replicas are killed, paused and cut from their
// database. [Check] then looks for what cannot be explained. The tests have the
// replicas, the faults and, in planted_test.go, the bugs that must be caught.
package historytest
