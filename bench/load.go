package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// load is what clients do at the same time, each on a keep-alive connection of
// its own: a request, its answer, the next one.
//
// It shares the cores with the server it measures, so it is one thread around
// epoll that does no more than it must: about 14 µs of processor time for a
// create, which is wrk's too. A goroutine for each client took 3 µs more. Most
// of it is the kernel's.
type load struct {
	address string
	others  []string // more addresses, for equal parts of the clients
	clients int
	time    time.Duration // how long; 0: until next is nil

	// next returns the next request, or nil when that was the last one.
	next func() []byte
	// got is given each answer's body. May be nil.
	got func(body []byte)
}

// result is what a load did.
type result struct {
	elapsed   time.Duration
	latencies []time.Duration // of each request, sorted
}

func (r result) rate() float64 { return float64(len(r.latencies)) / r.elapsed.Seconds() }

// percentile returns the latency that p of the requests did not exceed.
func (r result) percentile(p float64) time.Duration {
	return r.latencies[min(int(p*float64(len(r.latencies))), len(r.latencies)-1)]
}

// stall ends a load to which nothing was answered for so long.
const stall = 30 * time.Second

// run connects all clients before the clock starts.
func (l load) run() (r result, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	epoll, err := syscall.EpollCreate1(0)
	if err != nil {
		return r, err
	}
	defer syscall.Close(epoll)
	conns := make(map[int32]*conn, l.clients)
	addresses := append([]string{l.address}, l.others...)
	for i := range l.clients {
		c, err := dial(addresses[i%len(addresses)])
		if err != nil {
			return r, err
		}
		defer syscall.Close(c.fd)
		conns[int32(c.fd)] = c
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(c.fd)}
		if err := syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, c.fd, &event); err != nil {
			return r, err
		}
	}
	return l.loop(epoll, conns)
}

func (l load) loop(epoll int, conns map[int32]*conn) (r result, err error) {
	r.latencies = make([]time.Duration, 0, 1<<17)
	began := time.Now()
	waiting := 0 // clients with a request under way
	for _, c := range conns {
		if request := l.next(); request != nil {
			if err := c.send(request, began); err != nil {
				return r, err
			}
			waiting++
		}
	}
	events := make([]syscall.EpollEvent, l.clients)
	for waiting > 0 {
		n, err := wait(epoll, events)
		if err != nil {
			return r, err
		}
		for _, event := range events[:n] {
			c := conns[event.Fd]
			body, err := c.receive()
			if err != nil {
				return r, err
			}
			if body == nil {
				continue // only a part of it is there
			}
			now := time.Now()
			r.latencies = append(r.latencies, now.Sub(c.sent))
			if l.got != nil {
				l.got(body)
			}
			var request []byte
			if l.time == 0 || now.Sub(began) < l.time {
				request = l.next()
			}
			if request == nil {
				waiting--
			} else if err := c.send(request, now); err != nil {
				return r, err
			}
		}
	}
	if len(r.latencies) == 0 {
		return r, io.ErrNoProgress
	}
	r.elapsed = time.Since(began)
	slices.Sort(r.latencies)
	return r, nil
}

// wait returns how many events there are. It is no call of package syscall,
// because those tell Go's scheduler, which costs a third of the rest of a
// request. The scheduler gets its turn when nothing happened for a while.
func wait(epoll int, events []syscall.EpollEvent) (int, error) {
	const turn = 5 * time.Millisecond
	for waited := time.Duration(0); waited < stall; waited += turn {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(&events[0])),
			uintptr(len(events)), uintptr(turn.Milliseconds()), 0, 0)
		switch {
		case errno == syscall.EINTR, errno == 0 && n == 0:
			runtime.Gosched()
		case errno != 0:
			return 0, errno
		default:
			return int(n), nil
		}
	}
	return 0, fmt.Errorf("no answer for %s", stall)
}

// conn is a connection with one request under way at most.
type conn struct {
	fd   int
	sent time.Time
	buf  [64 << 10]byte
	n    int // bytes of buf that are filled
}

func dial(address string) (*conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
		_ = syscall.Close(fd)
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	return &conn{fd: fd}, syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
}

// send writes a request, which always fits the socket's buffer.
func (c *conn) send(request []byte, now time.Time) error {
	c.sent, c.n = now, 0
	_, err := syscall.Write(c.fd, request)
	return err
}

// receive reads what is there, and returns the body once the answer is
// complete. Any status but 200 is an error: a rate of refusals is none.
func (c *conn) receive() (body []byte, err error) {
	n, err := syscall.Read(c.fd, c.buf[c.n:])
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	c.n += n
	answer := c.buf[:c.n]
	end := bytes.Index(answer, []byte("\r\n\r\n"))
	if end < 0 {
		return nil, nil
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
		return nil, fmt.Errorf("answered %q", answer)
	}
	_, rest, _ := bytes.Cut(answer[:end+2], []byte("\r\nContent-Length: "))
	number, _, _ := bytes.Cut(rest, []byte("\r\n"))
	length, err := strconv.Atoi(string(number))
	if err != nil {
		return nil, fmt.Errorf("an answer without its length: %q", answer)
	}
	if body = answer[end+4:]; len(body) < length {
		return nil, nil
	}
	return body, nil
}

const keysPath = "/v1/organization/admin_api_keys"

// request makes a request of an admin. path is what follows keysPath.
func (s *server) request(method, path, body string) []byte { return s.ask(method, keysPath+path, body) }

// ask makes a request of an admin for any path.
func (s *server) ask(method, path, body string) []byte {
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, path, s.key, len(body), body)
}

// once sends a request of an admin without a body and wants a 200.
func (s *server) once(method, path string) error {
	_, err := s.answer(method, path, "")
	return err
}

// answer sends a request of an admin and returns the body of a 200.
func (s *server) answer(method, path, body string) ([]byte, error) {
	req, err := http.NewRequest(method, "http://"+s.address+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s is answered %s: %s", method, path, resp.Status, text)
	}
	return text, err
}

func (s *server) create() []byte { return s.request("POST", "", `{"name":"benchmark"}`) }

// always repeats one request.
func always(request []byte) func() []byte { return func() []byte { return request } }
