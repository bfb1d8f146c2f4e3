package lane

import (
	"bytes"
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// handOver makes a connection the server's, with what was read of it and what
// must still be sent. Both slices are copied.
func (l *loop) handOver(c *conn, read, unsent []byte) {
	l.drop(c)
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, c.fd, nil); err != nil {
		_ = unix.Close(c.fd)
		return
	}
	file := os.NewFile(uintptr(c.fd), "")
	inner, err := net.FileConn(file)
	_ = file.Close() // inner has a descriptor of its own
	if err != nil {
		l.listener.cfg.Logger.Warn("a connection cannot be handed over", "error", err)
		return
	}
	if tcp, ok := inner.(*net.TCPConn); ok {
		_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true}) // as net does for what it accepts
	}
	l.listener.give(&handed{
		Conn: inner, read: bytes.Clone(read), unsent: bytes.Clone(unsent), patience: l.listener.cfg.Unsent,
	})
}

// handed is a connection as the server sees it. Its first reads are of what the
// lane had read. One goroutine reads at a time, as net/http does.
type handed struct {
	net.Conn
	read     []byte
	unsent   []byte
	patience time.Duration // for unsent
}

// Read implements net.Conn. Answers of the lane go out first, for the client may
// wait for them before it sends anything.
func (h *handed) Read(p []byte) (int, error) {
	if len(h.unsent) > 0 {
		if err := h.flush(); err != nil {
			return 0, err
		}
	}
	if len(h.read) > 0 {
		n := copy(p, h.read)
		if h.read = h.read[n:]; len(h.read) == 0 {
			h.read = nil // not to be kept for the life of the connection
		}
		return n, nil
	}
	return h.Conn.Read(p)
}

func (h *handed) flush() error {
	if err := h.SetWriteDeadline(time.Now().Add(h.patience)); err != nil {
		return err
	}
	if _, err := h.Write(h.unsent); err != nil {
		return err
	}
	h.unsent = nil
	return h.SetWriteDeadline(time.Time{})
}

// CloseWrite ends what is sent and leaves what is received, as net/http does
// before it closes on a client that is still sending. It is that of TCP and Unix
// sockets, which are all that come here.
func (h *handed) CloseWrite() error {
	if conn, ok := h.Conn.(interface{ CloseWrite() error }); ok {
		return conn.CloseWrite()
	}
	return errors.ErrUnsupported
}
