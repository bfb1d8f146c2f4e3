package historytest

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Recorder collects the operations of concurrent clients on one clock.
type Recorder struct {
	epoch time.Time
	count atomic.Int64

	mu   sync.Mutex
	logs []*Log
}

// NewRecorder returns an empty recorder whose clock stands at 0.
func NewRecorder() *Recorder { return &Recorder{epoch: time.Now()} }

// Now is the time on the recorder's clock.
func (r *Recorder) Now() time.Duration { return time.Since(r.epoch) }

// Count is how many operations were added so far.
func (r *Recorder) Count() int { return int(r.count.Load()) }

// Client returns the log of one more client, which is for one goroutine.
func (r *Recorder) Client() *Log {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &Log{Recorder: r, client: int32(len(r.logs))}
	r.logs = append(r.logs, l)
	return l
}

// Operations returns what all clients added, by start. No client may add any
// more.
func (r *Recorder) Operations() []Operation {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Operation
	for _, l := range r.logs {
		all = append(all, l.operations...)
	}
	slices.SortFunc(all, func(a, b Operation) int { return cmp.Compare(a.Start, b.Start) })
	return all
}

// Log is what one client saw.
type Log struct {
	*Recorder
	client     int32
	operations []Operation
}

// Add writes an operation down that ends now. Its Start was read from the
// recorder's clock before the request was sent.
func (l *Log) Add(o Operation) Operation {
	o.Client, o.End = l.client, l.Now()
	l.operations = append(l.operations, o)
	l.count.Add(1)
	return o
}

// Last returns the operation that was added last.
func (l *Log) Last() Operation { return l.operations[len(l.operations)-1] }
