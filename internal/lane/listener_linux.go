package lane

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// listener hands over what its loops do not answer.
type listener struct {
	cfg     Config
	inner   net.Listener
	handed  chan net.Conn
	closing chan struct{}
	close   sync.Once
	loops   []*loop
	held    atomic.Int64 // connections of all loops
	running sync.WaitGroup
}

// handedWaiting is how many connections may wait for Accept before a loop does.
const handedWaiting = 256

// Listen starts the loops. They accept the connections of l, which must be a TCP
// or Unix socket, and end when the returned listener is closed; that closes l
// too, and the connections that were not handed over.
func Listen(l net.Listener, cfg Config) (net.Listener, error) {
	cfg.First = cmp.Or(cfg.First, 5*time.Second)
	cfg.Idle = cmp.Or(cfg.Idle, 60*time.Second)
	cfg.Whole = cmp.Or(cfg.Whole, time.Second)
	cfg.Unsent = cmp.Or(cfg.Unsent, 30*time.Second)
	cfg.Connections = cmp.Or(cfg.Connections, defaultConnections())
	cfg.Loops = cmp.Or(cfg.Loops, runtime.GOMAXPROCS(0))
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	socket, ok := l.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("listen at %s: a %T has no file descriptor", l.Addr(), l)
	}
	n := &listener{cfg: cfg, inner: l, handed: make(chan net.Conn, handedWaiting), closing: make(chan struct{})}
	for range cfg.Loops {
		lp, err := newLoop(n, socket)
		if err != nil {
			for _, lp := range n.loops {
				lp.release()
			}
			return nil, fmt.Errorf("listen at %s: %w", l.Addr(), err)
		}
		n.loops = append(n.loops, lp)
	}
	for _, lp := range n.loops {
		n.running.Go(lp.run)
	}
	return n, nil
}

// defaultConnections leaves most of the process's descriptors to others: a
// second lane, the server's own connections, its files.
func defaultConnections() int {
	const most = 16384
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return most
	}
	return int(min(most, limit.Cur/4))
}

// Accept implements net.Listener.
func (n *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-n.handed:
		return conn, nil
	case <-n.closing:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (n *listener) Addr() net.Addr { return n.inner.Addr() }

// Close implements net.Listener. It returns when the loops have ended.
func (n *listener) Close() error {
	err := net.ErrClosed
	n.close.Do(func() {
		close(n.closing)
		for _, lp := range n.loops {
			lp.wake()
		}
		n.running.Wait()
		err = n.inner.Close()
		for {
			select {
			case conn := <-n.handed: // nobody will ask for it any more
				err = errors.Join(err, conn.Close())
			default:
				return
			}
		}
	})
	return err
}

// give makes conn the server's.
func (n *listener) give(conn net.Conn) {
	select {
	case n.handed <- conn:
	case <-n.closing:
		_ = conn.Close()
	}
}

// descriptor returns a descriptor of the socket of its own.
func descriptor(socket syscall.Conn) (fd int, err error) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return -1, err
	}
	if again := raw.Control(func(of uintptr) {
		fd, err = unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, 0)
	}); again != nil {
		return -1, again
	}
	return fd, err
}
