package server

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// connections bounds how many connections a listener has open, so that clients
// which open many and send little cannot use up memory. Above the limit those
// are closed on which nothing has begun for longest: a slow client's
// go before one that is being used.
type connections struct {
	net.Listener
	limit int

	mu   sync.Mutex
	open map[*connection]struct{}
}

// evictShare is the part of all connections that is closed at a time. To look
// for the oldest takes a look at all.
const evictShare = 32

func limitConnections(l net.Listener, limit int) *connections {
	return &connections{Listener: l, limit: limit, open: make(map[*connection]struct{})}
}

// Accept implements net.Listener.
func (l *connections) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &connection{Conn: conn, listener: l}
	c.touch()
	l.add(c)
	return c, nil
}

func (l *connections) add(c *connection) {
	var closing []*connection
	l.mu.Lock()
	l.open[c] = struct{}{}
	if len(l.open) > l.limit {
		closing = l.oldest(1 + l.limit/evictShare)
	}
	l.mu.Unlock()
	for _, old := range closing {
		_ = old.Close()
	}
}

// oldest returns the n connections that were touched longest ago. A new one is
// touched already, so it is not among them while there are others.
func (l *connections) oldest(n int) []*connection {
	type aged struct {
		conn *connection
		at   int64
	}
	all := make([]aged, 0, len(l.open))
	for c := range l.open {
		all = append(all, aged{c, c.touched.Load()})
	}
	slices.SortFunc(all, func(a, b aged) int { return cmp.Compare(a.at, b.at) })
	out := make([]*connection, 0, n)
	for _, a := range all[:min(n, len(all))] {
		out = append(out, a.conn)
	}
	return out
}

// observe is for http.Server.ConnState: a request that begins touches its
// connection. That it ends is not worth another look at the clock.
func (l *connections) observe(conn net.Conn, state http.ConnState) {
	if state != http.StateActive {
		return
	}
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if c, ok := conn.(*connection); ok {
		c.touch()
	}
}

// connection is an accepted connection with the time of its last use.
type connection struct {
	net.Conn
	listener *connections
	touched  atomic.Int64 // Unix nanoseconds
}

func (c *connection) touch() { c.touched.Store(time.Now().UnixNano()) }

// Close implements net.Conn.
func (c *connection) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.open, c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite is for net/http, which ends an answer so before it hangs up on a
// client that is still sending: else that client may lose the answer.
func (c *connection) CloseWrite() error {
	if conn, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return conn.CloseWrite()
	}
	return errors.ErrUnsupported
}
