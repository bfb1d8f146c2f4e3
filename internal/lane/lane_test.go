//go:build linux

package lane_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/keyreeve/keyreeve/internal/lane"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers a line that begins with a digit by the same line, and takes no
// other.
func echo(in, out []byte) (int, []byte, lane.Verdict) {
	if in[0] < '0' || in[0] > '9' {
		return 0, out, lane.HandOver
	}
	end := bytes.IndexByte(in, '\n')
	if end < 0 {
		return 0, out, lane.More
	}
	return end + 1, append(append(out, "lane "...), in[:end+1]...), lane.Answered
}

// start opens a lane whose handed over connections are answered line by line by
// goroutines.
func start(tb testing.TB, l net.Listener, cfg lane.Config) net.Listener {
	tb.Helper()
	if cfg.Handler == nil {
		cfg.Handler = func() lane.Handler { return echo }
	}
	listener, err := lane.Listen(l, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					tb.Error(err)
				}
				return
			}
			serving.Go(func() {
				defer conn.Close()
				for lines := bufio.NewReader(conn); ; {
					line, err := lines.ReadString('\n')
					if err != nil {
						return
					}
					if _, err := io.WriteString(conn, "server "+line); err != nil {
						return
					}
				}
			})
		}
	})
	tb.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
	return listener
}

func tcp(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// client is a connection whose reads do not take for ever.
type client struct {
	net.Conn
	lines *bufio.Reader
}

func dial(tb testing.TB, l net.Listener) *client {
	tb.Helper()
	conn, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		tb.Fatal(err)
	}
	return &client{conn, bufio.NewReader(conn)}
}

func (c *client) send(tb testing.TB, text string) {
	tb.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		tb.Fatal(err)
	}
}

func (c *client) want(tb testing.TB, lines ...string) {
	tb.Helper()
	for _, want := range lines {
		if got, err := c.lines.ReadString('\n'); err != nil || got != want+"\n" {
			tb.Fatalf("got %q %v, want %q", got, err, want)
		}
	}
}

func TestRequestsAreAnsweredOrHandedOver(t *testing.T) {
	t.Parallel()
	for name, listen := range map[string]func() net.Listener{
		"TCP": func() net.Listener { return tcp(t) },
		"a Unix socket": func() net.Listener {
			l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
			if err != nil {
				t.Fatal(err)
			}
			return l
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := start(t, listen(), lane.Config{})
			c := dial(t, l)
			c.send(t, "1\n")
			c.want(t, "lane 1")
			c.send(t, "2\n3\n4") // two together, and the beginning of one
			c.want(t, "lane 2", "lane 3")
			c.send(t, "5\n")
			c.want(t, "lane 45")
			c.send(t, "6\nseven\n8\n") // from the one that is not taken on
			c.want(t, "lane 6", "server seven", "server 8")
			c.send(t, "9\n")
			c.want(t, "server 9")
		})
	}
}

func TestAConnectionMayBeHandedOverAtOnce(t *testing.T) {
	t.Parallel()
	c := dial(t, start(t, tcp(t), lane.Config{}))
	c.send(t, "a")
	c.send(t, "b\n")
	c.want(t, "server ab")
}

func TestManyConnectionsAtOnce(t *testing.T) {
	t.Parallel()
	l := start(t, tcp(t), lane.Config{Loops: 3})
	var clients sync.WaitGroup
	for i := range 100 {
		clients.Go(func() {
			c := dial(t, l)
			for j := range 100 {
				text := fmt.Sprint(i*100 + j)
				c.send(t, text+"\n")
				c.want(t, "lane "+text)
			}
		})
	}
	clients.Wait()
}

// The server is more patient than a lane may be with each of many.
func TestARequestThatDoesNotEndIsHandedOver(t *testing.T) {
	t.Parallel()
	c := dial(t, start(t, tcp(t), lane.Config{Whole: time.Millisecond}))
	c.send(t, "1\n23")
	c.want(t, "lane 1")
	time.Sleep(2500 * time.Millisecond) // more than two sweeps
	c.send(t, "4\n5\n")
	c.want(t, "server 234", "server 5")
}

func TestARequestThatIsTooLongIsHandedOver(t *testing.T) {
	t.Parallel()
	c := dial(t, start(t, tcp(t), lane.Config{Whole: time.Hour}))
	long := "1" + strings.Repeat("x", 16<<10)
	c.send(t, long+"\n")
	c.want(t, "server "+long)
}

func TestSilentConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	l := start(t, tcp(t), lane.Config{First: time.Millisecond, Idle: time.Hour})
	silent, served := dial(t, l), dial(t, l)
	served.send(t, "1\n")
	served.want(t, "lane 1")
	if _, err := silent.lines.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("a new connection that was silent: %v", err)
	}
	served.send(t, "2\n") // has longer
	served.want(t, "lane 2")

	idle := dial(t, start(t, tcp(t), lane.Config{Idle: time.Millisecond}))
	idle.send(t, "1\n")
	idle.want(t, "lane 1")
	if _, err := idle.lines.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("a connection that fell silent: %v", err)
	}
}

func TestTheLongestSilentMakeRoom(t *testing.T) {
	t.Parallel()
	l := start(t, tcp(t), lane.Config{Connections: 2, Loops: 1})
	first, second := dial(t, l), dial(t, l)
	for _, c := range []*client{first, second, first} {
		c.send(t, "1\n")
		c.want(t, "lane 1")
	}
	third := dial(t, l)
	third.send(t, "1\n")
	third.want(t, "lane 1")
	if _, err := second.lines.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the one that was silent for longest: %v", err)
	}
	first.send(t, "2\n")
	first.want(t, "lane 2")
}

// The limit is of the whole lane: however the kernel deals connections out to
// loops, none is closed below it.
func TestConnectionsMakeRoomOnlyAboveTheLimit(t *testing.T) {
	t.Parallel()
	const n = 64
	l := start(t, tcp(t), lane.Config{Connections: n, Loops: 4})
	all := make([]*client, n)
	for i := range all {
		all[i] = dial(t, l)
		all[i].send(t, "1\n")
		all[i].want(t, "lane 1")
	}
	for _, c := range all {
		c.send(t, "2\n")
		c.want(t, "lane 2")
	}
}

// A client that asks on and on and reads nothing gets every answer in the end.
func TestASlowReaderLosesNothing(t *testing.T) {
	t.Parallel()
	c := dial(t, start(t, tcp(t), lane.Config{}))
	const n = 4000
	text := "1" + strings.Repeat("x", 4<<10)
	var sending sync.WaitGroup
	sending.Go(func() {
		for range n {
			if _, err := io.WriteString(c, text+"\n"); err != nil {
				t.Error(err)
				return
			}
		}
	})
	time.Sleep(200 * time.Millisecond) // for the buffers of the kernel to fill up
	handed := false
	for i := range n {
		got, err := c.lines.ReadString('\n')
		if err != nil || !strings.HasSuffix(got, text+"\n") {
			t.Fatalf("answer %d: %.20q %v", i, got, err)
		}
		handed = handed || strings.HasPrefix(got, "server")
	}
	sending.Wait()
	if !handed {
		t.Error("the buffers took everything: the test shows nothing")
	}
}

func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	l := start(t, tcp(t), lane.Config{})
	c := dial(t, l)
	c.send(t, "1\n")
	c.want(t, "lane 1")
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.lines.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("a connection in the lane: %v", err)
	}
	if conn, err := net.Dial("tcp", l.Addr().String()); err == nil {
		_ = conn.Close()
		t.Error("the port is still open")
	}
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed again: %v", err)
	}
}

// net/http serves what is handed over as if it had been its own all along.
func TestServesHTTP(t *testing.T) {
	t.Parallel()
	l, err := lane.Listen(tcp(t), lane.Config{Handler: func() lane.Handler { return echo }})
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}), ReadHeaderTimeout: time.Second}
	serving := make(chan error)
	go func() { serving <- s.Serve(l) }()
	transport := &http.Transport{}
	for range 3 {
		answer, err := (&http.Client{Transport: transport}).Post("http://"+l.Addr().String(), "text/plain", strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil || string(body) != "hello" {
			t.Errorf("%q %v", body, err)
		}
		_ = answer.Body.Close()
	}
	transport.CloseIdleConnections()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-serving; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

func TestAListenerWithoutADescriptorIsRefused(t *testing.T) {
	t.Parallel()
	l := tcp(t)
	defer l.Close()
	if _, err := lane.Listen(struct{ net.Listener }{l}, lane.Config{Handler: func() lane.Handler { return echo }}); err == nil {
		t.Error("was taken")
	}
}
