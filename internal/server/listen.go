package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
)

func listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
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
	return nil, fmt.Errorf("--listen %s: %w", address, err)
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
