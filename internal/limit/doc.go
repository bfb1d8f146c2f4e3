// Package limit says whether one more request of a project for a model is
// within its rate, from memory alone.
//
// A [Rate] is the generic cell rate algorithm (GCRA) as a pure function: the
// state of a cell is one word, the time at which it would be idle again. A
// [Table] has a cell for each project and model of a catalogue. To take from
// it costs a compare-and-swap on that word, no lock and no allocation.
//
// Where several replicas answer, each enforces its share of every limit: see
// [Table.Share]. What a process has counted is forgotten when it ends.
package limit
