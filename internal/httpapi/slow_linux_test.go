package httpapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The promises about clients that send slowly.
const (
	slowClients     = 2_000
	slowClientsSoak = 10_000
	slowHeaderLimit = 12 * time.Second // from the opening to the end of a connection that is still sending its header

	// What n of them may add to an idle server's memory. A connection of
	// net/http takes 16 KiB while its header comes: a stack of 8 KiB and two
	// buffers of 4 KiB, which it cannot be told to make smaller. The limit on
	// connections keeps all of them below the last.
	slowMemoryBase = 20 << 20
	slowMemoryEach = 20 << 10
	slowMemoryMost = 150_000_000
)

// holdSlowly opens n connections that each send a header without end, a byte
// at a time, and returns how many of them are open after the limit.
func holdSlowly(tb testing.TB, address string, n int, pause, limit time.Duration) (left int) {
	tb.Helper()
	var open atomic.Int64
	var conns []net.Conn
	var wait sync.WaitGroup
	began := time.Now()
	dialer := net.Dialer{Timeout: limit}
	for range n {
		conn, err := dialer.DialContext(tb.Context(), "tcp", address)
		if err != nil {
			tb.Fatalf("connection %d: %v", len(conns), err)
		}
		conns = append(conns, conn)
		open.Add(1)
		// Each has its own limit from its own opening.
		_ = conn.SetReadDeadline(time.Now().Add(limit))
		_, _ = io.WriteString(conn, "GET /v1/organization/admin_api_keys HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		wait.Go(func() {
			if _, err := conn.Read(make([]byte, 1)); err == nil || !os.IsTimeout(err) {
				open.Add(-1)
			}
		})
	}
	tb.Logf("%d connections opened in %v, %d of them still open", n, time.Since(began).Round(time.Millisecond), open.Load())
	ended := make(chan struct{})
	go func() { wait.Wait(); close(ended) }()
	for running := true; running; {
		for _, conn := range conns {
			_, _ = conn.Write([]byte("x"))
		}
		select {
		case <-ended:
			running = false
		case <-time.After(pause):
		}
	}
	for _, conn := range conns {
		conn.Close()
	}
	tb.Logf("all ended, or given up, after %v", time.Since(began).Round(time.Millisecond))
	return int(open.Load())
}

func TestSlowClientsAreClosedAndHoldLittle(t *testing.T) {
	t.Parallel()
	n := slowClients
	if soaking() {
		n = slowClientsSoak
		raiseFileLimit(t, n)
	}
	p := startProcess(t)
	idle := p.memory(t, "VmRSS")

	stop, took := make(chan struct{}), make(chan []time.Duration)
	go func() { took <- p.ask(t, stop) }()
	left := holdSlowly(t, p.address(), n, time.Second, slowHeaderLimit)
	close(stop)
	latencies := <-took

	peak := p.memory(t, "VmHWM")
	t.Logf("memory: %d MiB idle, %d MiB at the peak; good requests meanwhile: %d, half within %v, 99%% within %v",
		idle>>20, peak>>20, len(latencies), quantile(latencies, 0.5), quantile(latencies, 0.99))
	if left > 0 {
		t.Errorf("%d of %d connections are open after %v", left, n, slowHeaderLimit)
	}
	if limit := int64(min(slowMemoryBase+n*slowMemoryEach, slowMemoryMost)); peak-idle > limit {
		t.Errorf("%d MiB more than when idle, want %d at most", (peak-idle)>>20, limit>>20)
	}
	if len(latencies) == 0 {
		t.Error("no good request was answered meanwhile")
	}
}

// TestSlowBodiesAreCut: whoever has sent a header has longer, not for ever.
func TestSlowBodiesAreCut(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	w := dial(t, p.address())
	began := time.Now()
	fmt.Fprintf(w, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n", keysPath, p.key)
	go func() {
		for {
			if _, err := io.WriteString(w, " "); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	resp, err := http.ReadResponse(w.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	const limit = 20 * time.Second
	if took := time.Since(began); resp.StatusCode != http.StatusBadRequest || took > limit {
		t.Errorf("status %d after %v, want 400 within %v", resp.StatusCode, took, limit)
	}
	if !w.ended() {
		t.Error("the connection goes on")
	}
}

// TestSlowHarnessCatchesAServerWithoutTimeouts scales all times down.
func TestSlowHarnessCatchesAServerWithoutTimeouts(t *testing.T) {
	t.Parallel()
	const n = 20
	for name, test := range map[string]struct {
		timeout time.Duration
		want    int
	}{"with": {200 * time.Millisecond, 0}, "without": {0, n}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			s := &http.Server{ReadHeaderTimeout: test.timeout, ErrorLog: quietLog}
			done := make(chan struct{})
			go func() { defer close(done); _ = s.Serve(l) }()
			t.Cleanup(func() { s.Close(); <-done })
			if left := holdSlowly(t, l.Addr().String(), n, 50*time.Millisecond, 2*time.Second); left != test.want {
				t.Errorf("%d of %d are left open, want %d", left, n, test.want)
			}
		})
	}
}

// ask sends good requests one after the other until stop, and returns how long
// each took.
func (p *process) ask(t *testing.T, stop <-chan struct{}) (took []time.Duration) {
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	for {
		select {
		case <-stop:
			return took
		case <-time.After(2 * time.Millisecond):
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+keysPath, http.NoBody)
		if err != nil {
			t.Error(err)
			return took
		}
		req.Header.Set("Authorization", "Bearer "+p.key)
		began := time.Now()
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Errorf("a good request among slow ones: %v", err)
			return took
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("a good request among slow ones: status %d", resp.StatusCode)
			return took
		}
		took = append(took, time.Since(began))
	}
}

func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[int(float64(len(d)-1)*q)].Round(10 * time.Microsecond)
}

// memory reads a figure of the process's status, in bytes.
func (p *process) memory(t *testing.T, name string) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(status) {
		if rest, ok := strings.CutPrefix(string(line), name+":"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatalf("no %s", name)
	return 0
}

// raiseFileLimit lets this process, and those it starts, open n connections.
func raiseFileLimit(t *testing.T, n int) {
	t.Helper()
	need := uint64(n + 2000)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur, limit.Max = max(limit.Cur, need), max(limit.Max, need)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatalf("%d files may be open at most: %v", need, err)
	}
}
