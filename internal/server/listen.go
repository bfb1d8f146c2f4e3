package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// socketMode lets the owner and the group of a unix socket connect: a gateway
// of the same group.
const socketMode = 0o660

// listen opens HOST:PORT or unix:PATH. The flag is for the error.
func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	network, where := "tcp", address
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, where = "unix", path
		removeStale(ctx, path)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, network, where)
	if err == nil && network == "unix" {
		err = os.Chmod(where, socketMode)
	}
	if err == nil {
		return l, nil
	}
	// The net package repeats the address, and names the system call.
	var call *os.SyscallError
	var form *net.AddrError
	switch {
	case errors.As(err, &call):
		err = call.Err
	case errors.As(err, &form):
		err = errors.New(form.Err)
	}
	return nil, fmt.Errorf("%s %s: %w", flag, address, err)
}

// removeStale removes a socket that a process left behind which was killed. One
// that somebody answers on, and what is no socket, stays.
func removeStale(ctx context.Context, path string) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSocket {
		return
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err == nil {
		_ = conn.Close()
		return
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		_ = os.Remove(path)
	}
}

// reachable is an address as a client on this machine writes it: a server that
// listens on all addresses is reached by the loopback one.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return addr.String()
	}
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(tcp.Port))
}
