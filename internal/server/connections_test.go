package server_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Slow clients beyond the limit lose their connections, and somebody who uses
// his never does.
func TestSlowConnectionsMakeRoom(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.MaxConnections = 64
	s := start(t, cfg)
	var slow []net.Conn
	for range 5 * cfg.MaxConnections {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() //nolint:gocritic // few, and all open until the end is the point
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n"); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, conn)
		// On one connection that is kept alive.
		s.wantStatus(t, s.key, http.StatusOK)
	}
	open := 0
	for _, conn := range slow {
		_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			if timeout, ok := err.(net.Error); ok && timeout.Timeout() { //nolint:errorlint // not wrapped by net
				open++
			}
		}
	}
	if open == 0 || open > cfg.MaxConnections {
		t.Errorf("%d slow connections are open, want some and at most %d", open, cfg.MaxConnections)
	}
}
