package lane

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// readSize is the longest request that a handler may take, in bytes. It is
	// the limit of headers.
	readSize = 16 << 10

	// keepOut is the largest buffer of answers that is kept for the next ones.
	keepOut = 64 << 10

	// sweepEvery is how often connections are looked at whose time may be over.
	sweepEvery = time.Second

	events     = 64 // fetched at a time
	acceptEach = 16 // accepted at a time, so that the other loops get some
)

// loop answers some of the connections. All but wake is for its goroutine.
type loop struct {
	listener *listener
	handler  Handler

	epoll, port, waker int // descriptors
	conns              map[int32]*conn
	in, out            []byte
	now                time.Time
	swept              time.Time
	deaf               bool // the port is not listened at until the next sweep
}

// conn is a connection that has not been handed over.
type conn struct {
	fd      int
	begun   []byte    // of a request whose end has not come
	touched time.Time // when something came, or the connection itself
	served  bool      // a request was answered
}

func newLoop(n *listener, socket syscall.Conn) (_ *loop, err error) {
	l := &loop{
		listener: n, handler: n.cfg.Handler(),
		epoll: -1, port: -1, waker: -1,
		conns: make(map[int32]*conn), in: make([]byte, readSize),
	}
	defer func() {
		if err != nil {
			l.release()
		}
	}()
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	if l.waker, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	if l.port, err = descriptor(socket); err != nil {
		return nil, err
	}
	if err = l.watch(l.waker, unix.EPOLLIN); err != nil {
		return nil, err
	}
	return l, l.listen()
}

func (l *loop) watch(fd int, of uint32) error {
	event := unix.EpollEvent{Events: of, Fd: int32(fd)}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// listen wakes this loop, and not all of them, for a new connection.
func (l *loop) listen() error { return l.watch(l.port, unix.EPOLLIN|unix.EPOLLEXCLUSIVE) }

// wake makes the loop look whether it is to end. Any goroutine may call it.
func (l *loop) wake() {
	one := binary.NativeEndian.AppendUint64(nil, 1)
	_, _ = unix.Write(l.waker, one)
}

func (l *loop) run() {
	defer l.release()
	var ready [events]unix.EpollEvent
	for {
		n, err := unix.EpollWait(l.epoll, ready[:], int(sweepEvery/time.Millisecond))
		if err != nil && !errors.Is(err, unix.EINTR) {
			l.listener.cfg.Logger.Error("a loop of connections ends", "error", err)
			return
		}
		l.now = time.Now()
		for _, event := range ready[:max(n, 0)] {
			switch fd := int(event.Fd); fd {
			case l.waker:
				return
			case l.port:
				l.accept()
			default:
				if c := l.conns[event.Fd]; c != nil {
					l.read(c)
				}
			}
		}
		if l.now.Sub(l.swept) >= sweepEvery {
			l.sweep()
		}
	}
}

// release closes everything that the loop holds.
func (l *loop) release() {
	for _, c := range l.conns {
		l.end(c)
	}
	for _, fd := range []int{l.port, l.epoll, l.waker} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

func (l *loop) accept() {
	for range acceptEach {
		fd, _, err := unix.Accept4(l.port, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNABORTED):
			continue
		case err != nil:
			// No descriptors or no memory: to be told so at once again, all the
			// time, would help nobody. Those that did nothing for longest go, so
			// that somebody gets in, and so that what is left can be handed over.
			l.listener.cfg.Logger.Warn("a connection cannot be accepted", "error", err, "again_after", sweepEvery)
			for range 1 + len(l.conns)/evictShare {
				l.evict()
			}
			l.deaf = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, l.port, nil) == nil
			return
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // fails on a Unix socket
		if err := l.watch(fd, unix.EPOLLIN); err != nil {
			l.listener.cfg.Logger.Warn("a connection cannot be watched", "error", err)
			_ = unix.Close(fd)
			return
		}
		if l.listener.held.Add(1) > int64(l.listener.cfg.Connections) {
			l.evict() // each loop has some, for the kernel deals them out
		}
		l.conns[int32(fd)] = &conn{fd: fd, touched: l.now}
	}
}

// evictShare is the part of a loop's connections that make room at a time when
// the system has none.
const evictShare = 32

// evict closes the connection on which nothing has come for longest.
func (l *loop) evict() {
	var oldest *conn
	for _, c := range l.conns {
		if oldest == nil || c.touched.Before(oldest.touched) {
			oldest = c
		}
	}
	if oldest != nil {
		l.end(oldest)
	}
}

// end closes a connection.
func (l *loop) end(c *conn) {
	l.drop(c)
	_ = unix.Close(c.fd) // which takes it out of epoll
}

// drop forgets a connection.
func (l *loop) drop(c *conn) {
	delete(l.conns, int32(c.fd))
	l.listener.held.Add(-1)
}

// read answers what came on a connection.
func (l *loop) read(c *conn) {
	begun := copy(l.in, c.begun)
	n, err := unix.Read(c.fd, l.in[begun:])
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return
	case err != nil || n == 0:
		l.end(c)
		return
	}
	if begun == 0 {
		c.touched = l.now
	}
	in, out, verdict := l.in[:begun+n], l.out[:0], Answered
	for len(in) > 0 && verdict == Answered {
		var length int
		if length, out, verdict = l.handler(in, out); verdict == Answered {
			in, c.served, c.touched = in[length:], true, l.now
		}
	}
	if cap(out) <= keepOut {
		l.out = out
	}
	out = l.send(c, out)
	switch {
	case len(out) > 0 || verdict == HandOver || len(in) == readSize:
		l.handOver(c, in, out)
	case len(in) == 0:
		c.begun = nil // most requests come in one piece
	default:
		c.begun = append(c.begun[:0], in...)
	}
}

// send returns what could not be sent at once. An error is left for the next
// read to find.
func (l *loop) send(c *conn, out []byte) []byte {
	for len(out) > 0 {
		n, err := unix.Write(c.fd, out)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n <= 0 {
			return out
		}
		out = out[n:]
	}
	return nil
}

// sweep deals with the connections whose time is over.
func (l *loop) sweep() {
	l.swept = l.now
	if l.deaf {
		l.deaf = l.listen() != nil
	}
	cfg := &l.listener.cfg
	for _, c := range l.conns {
		switch still := l.now.Sub(c.touched); {
		case len(c.begun) > 0:
			if still > cfg.Whole { // the server knows how to be patient, and when to stop
				l.handOver(c, c.begun, nil)
			}
		case still > cfg.Idle, still > cfg.First && !c.served:
			l.end(c)
		}
	}
}
