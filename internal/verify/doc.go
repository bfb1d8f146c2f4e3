// Package verify answers whether a presented key is good, from memory alone.
//
// An [Index] holds every live key by its digest, and the state of their owners
// and projects. It is complete, so a key it does not know is known to be
// unknown: a flood of made-up keys costs a hash each and never reaches the
// database. It changes in one way only, by the effects of the ordered log:
// [Index.Load] takes a snapshot, [Index.Apply] the revisions after it.
//
// [Index.Decide] takes no lock and does not allocate. What Apply published
// before it returned, every Decide that starts afterwards sees: that is what
// makes a revocation final.
//
// Use times go the other way. Decide notes them in the index, at most once a
// minute for each key, and a [Batcher] writes them to storage.
//
// No key string is kept here, and none is in an error.
package verify
