package pgtest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Proxy is the network between one client and a PostgreSQL server, over TCP. It
// can be slow, lose what is on its way, or be gone. Its methods may be called
// at any time.
type Proxy struct {
	listener net.Listener
	server   string // path of the server's socket
	dsn      string
	struck   atomic.Int64
	running  sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond // broadcast when what follows changes, or a link ends
	links   map[*link]bool
	held    bool
	refused bool
	deaf    bool
	delay   time.Duration
	fault   Fault
	closed  bool
}

// Fault is what happens once to what a client sends.
type Fault int

// The faults. Each ends with a reset connection.
const (
	NoFault      Fault = iota
	MidStatement       // half of what the client sends next arrives
	BeforeCommit       // the next COMMIT does not arrive
	AfterCommit        // the next COMMIT is answered, and the answer does not arrive
)

// NewProxy returns a proxy to the database of a connection string from DSN. It
// ends with the test.
func NewProxy(tb testing.TB, dsn string) *Proxy {
	tb.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		tb.Fatalf("proxy to PostgreSQL: %v", err)
	}
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("proxy to PostgreSQL: %v", err)
	}
	p := &Proxy{
		listener: listener, links: map[*link]bool{},
		server: fmt.Sprintf("%s/.s.PGSQL.%d", config.Host, config.Port),
		dsn: (&url.URL{
			Scheme: "postgres", User: url.User(config.User), Host: listener.Addr().String(), Path: "/" + config.Database,
			RawQuery: "sslmode=disable",
		}).String(),
	}
	p.changed = sync.NewCond(&p.mu)
	p.running.Go(p.accept)
	tb.Cleanup(p.close)
	return p
}

// DSN is the connection string of the same database through the proxy.
func (p *Proxy) DSN() string { return p.dsn }

// Reset cuts all connections. New ones can be made.
func (p *Proxy) Reset() { p.set(func() { p.resetAll() }) }

// Cut resets all connections and refuses new ones until Heal.
func (p *Proxy) Cut() { p.set(func() { p.refused = true; p.resetAll() }) }

// Hold forwards nothing and closes nothing until Heal, which lets through what
// has gathered.
func (p *Proxy) Hold() { p.set(func() { p.held = true }) }

// Deafen loses every notification (NOTIFY) and nothing else, until Heal.
func (p *Proxy) Deafen() { p.set(func() { p.deaf = true }) }

// Delay makes what is sent take longer, either way.
func (p *Proxy) Delay(by time.Duration) { p.set(func() { p.delay = by }) }

// Heal ends Cut, Hold, Deafen and Delay, and disarms a fault that has not struck.
func (p *Proxy) Heal() {
	p.set(func() { p.held, p.refused, p.deaf, p.delay, p.fault = false, false, false, 0, NoFault })
}

// Arm lets a fault strike once, in place of one that has not struck yet.
func (p *Proxy) Arm(f Fault) { p.set(func() { p.fault = f }) }

// Struck is how many armed faults have struck.
func (p *Proxy) Struck() int64 { return p.struck.Load() }

func (p *Proxy) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	p.changed.Broadcast()
}

func (p *Proxy) close() {
	_ = p.listener.Close()
	p.set(func() { p.closed = true; p.resetAll() })
	p.running.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		l := &link{proxy: p, client: client.(*net.TCPConn)}
		l.server, err = new(net.Dialer).DialContext(context.Background(), "unix", p.server)
		if err != nil || !p.add(l) {
			l.reset()
			continue
		}
		p.running.Go(func() { l.pump(l.server, l.client, l.toServer) })
		p.running.Go(func() { l.pump(l.client, l.server, l.toClient) })
	}
}

func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refused || p.closed {
		return false
	}
	p.links[l] = true
	return true
}

func (p *Proxy) resetAll() {
	for l := range p.links {
		l.reset()
	}
	clear(p.links)
}

// link is one connection.
type link struct {
	proxy  *Proxy
	client *net.TCPConn
	server net.Conn
	sent   sent // what the client says; used by one pump
	losing bool // the next answer is lost; guarded by proxy.mu
}

// reset ends both sides, the client's with RST.
func (l *link) reset() {
	_ = l.client.SetLinger(0)
	_ = l.client.Close()
	if l.server != nil {
		_ = l.server.Close()
	}
}

// end drops the link, once its first side is gone.
func (l *link) end() {
	l.proxy.set(func() {
		delete(l.proxy.links, l)
		l.reset()
	})
}

// pump forwards one way. through returns what of a message arrives, and whether
// the link goes on.
func (l *link) pump(to, from net.Conn, through func([]byte) ([]byte, bool)) {
	defer l.end()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			arrives, open := through(buf[:n])
			if _, err := to.Write(arrives); err != nil || !open {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// wait returns when the network lets something through, and false when the link
// is gone by then. It holds the lock.
func (l *link) wait() (unlock func(), open bool) {
	p := l.proxy
	p.mu.Lock()
	if delay := p.delay; delay > 0 {
		p.mu.Unlock()
		time.Sleep(delay)
		p.mu.Lock()
	}
	for p.held && p.links[l] {
		p.changed.Wait()
	}
	return p.mu.Unlock, p.links[l]
}

func (l *link) toServer(message []byte) ([]byte, bool) {
	unlock, open := l.wait()
	defer unlock()
	p := l.proxy
	statement, commit := l.sent.read(message)
	switch {
	case !open:
		return nil, false
	case p.fault == MidStatement && statement:
		message, open = message[:len(message)/2], false
	case p.fault == BeforeCommit && commit:
		message, open = nil, false
	case p.fault == AfterCommit && commit:
		l.losing = true
	default:
		return message, true
	}
	p.fault = NoFault
	p.struck.Add(1)
	return message, open
}

func (l *link) toClient(answer []byte) ([]byte, bool) {
	unlock, open := l.wait()
	defer unlock()
	if l.losing {
		return nil, false
	}
	// It comes alone to a connection that only listens.
	if l.proxy.deaf && answer[0] == notification {
		return nil, open
	}
	return answer, open
}
