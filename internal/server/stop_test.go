package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/server"
)

func TestStopAnswersRequestsUnderWay(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	s, err := server.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	key, address := readKey(t, cfg.BootstrapKeyFile), strings.TrimPrefix(s.URL(), "http://")
	const body = `{"name":"slowly sent"}`
	slow := dial(t, address, createHead(key, len(body))+body[:5])
	time.Sleep(50 * time.Millisecond) // the server has read the head

	stopped := make(chan error, 1)
	go func() { stopped <- s.Stop(context.Background()) }()
	awaitRefused(t, address)
	select {
	case err := <-stopped:
		t.Fatalf("it stopped with a request under way: %v", err)
	default:
	}
	id, value := created(t, finish(t, slow, body[5:]))
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(context.Background()); err != nil {
		t.Errorf("a second Stop: %v", err)
	}

	again := start(t, cfg)
	again.wantStatus(t, value, http.StatusOK)
	if got := again.do(t, key, "GET", keysPath+"/"+id, ""); got.status != http.StatusOK {
		t.Errorf("the key acknowledged during the stop: %d", got.status)
	}
}

func TestStopWritesUseTimes(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	s, err := server.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{Server: s, url: s.URL(), key: readKey(t, cfg.BootstrapKeyFile), http: newClient(t, &http.Transport{})}
	id, value := r.create(t, `{"name":"used once"}`)
	r.wantStatus(t, value, http.StatusOK)
	r.http.CloseIdleConnections()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	key, ok, err := openReadOnly(t, cfg.Database).AdminAPIKey(t.Context(), id)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if age := time.Now().Unix() - key.LastUsedAt; age < 0 || age > 60 {
		t.Errorf("stored last use is %d s ago", age)
	}
}

func TestStopCutsWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.ShutdownTimeout = 100 * time.Millisecond
	s, err := server.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(s.URL(), "http://")
	dial(t, address, createHead(readKey(t, cfg.BootstrapKeyFile), 100)+`{"name":`)
	time.Sleep(50 * time.Millisecond) // the server has read the head
	began := time.Now()
	err = s.Stop(context.Background())
	if err == nil || !strings.Contains(err.Error(), "--shutdown-timeout 100ms") {
		t.Errorf("Stop: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	start(t, cfg) // the lock and the port are free
}

// Between the order to stop and the end everything is served, and whoever asks
// learns that it is over.
func TestRunDrains(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cfg, log := config(t), &syncBuffer{}
	cfg.Listen, cfg.GatewayListen = freeAddress(t), freeAddress(t)
	cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, cfg) }()
	for !strings.Contains(log.String(), "msg=ready") {
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	s := &running{url: "http://" + cfg.Listen, key: readKey(t, cfg.BootstrapKeyFile), http: newClient(t, &http.Transport{})}
	s.wantStatus(t, s.key, http.StatusOK)
	asked := "GET /gateway/auth HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer " + s.key + "\r\n\r\n"
	gateway := dial(t, cfg.GatewayListen, "")
	const good, last = "HTTP/1.1 200 OK\r\n", "\r\nConnection: close\r\n"
	if got := head(t, gateway, asked); !strings.HasPrefix(got, good) || strings.Contains(got, last) {
		t.Errorf("a gateway's connection before: %q", got)
	}
	cancel()
	for {
		got := s.do(t, "", "GET", "/readyz", "") // fails the test when it is refused before it is told
		if got.status == http.StatusServiceUnavailable && strings.Contains(got.body, "stopping") {
			break
		}
	}
	s.create(t, `{"name":"while draining"}`)
	if got := head(t, gateway, asked); !strings.HasPrefix(got, good) || !strings.Contains(got, last) {
		t.Errorf("a gateway's connection while draining: %q", got)
	}
	s.http.CloseIdleConnections()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func createHead(key string, length int) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", keysPath, key, length)
}

// dial sends the first part of a request.
func dial(t *testing.T, address, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn
}

// finish sends the rest of a request and reads the answer.
func finish(t *testing.T, conn net.Conn, text string) answer {
	t.Helper()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

// head sends a request and returns the header of the answer as it came.
func head(t *testing.T, conn net.Conn, request string) string {
	t.Helper()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for b := make([]byte, 1); !strings.HasSuffix(got.String(), "\r\n\r\n"); {
		if _, err := conn.Read(b); err != nil {
			t.Fatalf("%v after %q", err, got.String())
		}
		got.Write(b)
	}
	return got.String()
}

// awaitRefused waits until nobody listens any more.
func awaitRefused(t *testing.T, address string) {
	t.Helper()
	for range 1000 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		_ = conn.Close()
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("new connections are still accepted")
}

func TestStopWritesDailyUses(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	s, err := server.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{Server: s, url: s.URL(), key: readKey(t, cfg.BootstrapKeyFile), http: newClient(t, &http.Transport{})}
	id, value := r.create(t, `{"name":"used often"}`)
	for range 5 {
		r.wantStatus(t, value, http.StatusOK)
	}
	r.http.CloseIdleConnections()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	today := org.Day(time.Now().Unix())
	days, err := openReadOnly(t, cfg.Database).UsesOf(t.Context(), id, today-1, today)
	total := int64(0)
	for _, d := range days {
		total += d.Count
	}
	if err != nil || total != 5 {
		t.Errorf("%v, %v, want 5 uses", days, err)
	}
}
