// Package lane answers short requests without a goroutine for each connection.
//
// [Listen] stands between a listener and a server such as net/http's. It reads
// what comes on each connection and shows it to a [Handler], which answers a
// whole request at once from memory. Everything else it hands over: [Listener]
// is a net.Listener whose Accept returns the connections that brought something
// the handler did not take, with the bytes that were read as if nobody had. A
// connection that was handed over does not come back.
//
// So the handler may know one plain form of one request and leave all others to
// the server, which knows HTTP. What it takes costs two calls of the kernel, a
// read and a write, and a share of one that waits for many connections.
//
// On other systems than Linux all connections are handed over as they come.
package lane

import (
	"log/slog"
	"time"
)

// Verdict is what a [Handler] makes of the bytes it is shown.
type Verdict int

// The verdicts.
const (
	HandOver Verdict = iota // not a request of this handler's
	More                    // so far it may be one, but its end has not come
	Answered
)

// A Handler looks at the first request of in. If it takes it, it appends the
// answer to out and returns that, with the length of the request: the rest of in
// is shown to it again. It keeps neither slice. It is called from one
// goroutine, so it may keep things between calls, and it must not block: all
// connections of its loop wait.
type Handler func(in, out []byte) (length int, answer []byte, verdict Verdict)

// Config says what a lane does. Zero values are replaced by the defaults.
type Config struct {
	// Handler makes a handler for each loop.
	Handler func() Handler

	First  time.Duration // that a new connection may stay silent; 5 s
	Idle   time.Duration // between two requests; 60 s
	Whole  time.Duration // for the rest of a request before it is handed over; 1 s
	Unsent time.Duration // for an answer that the client is slow to take; 30 s

	// Connections is how many the lane holds at most; 16384, or a quarter of the
	// descriptors that the process may have. Above it those on which nothing has
	// come for longest are closed. Each takes a few hundred bytes.
	Connections int

	// Loops is how many goroutines answer; one for each processor that Go uses.
	Loops int

	// Logger is told of trouble with the system. Nil: nobody.
	Logger *slog.Logger
}
