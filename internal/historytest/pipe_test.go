package historytest_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/historytest"
)

// target is where one replica is reached. A restart moves it.
type target struct {
	place        int8
	api, gateway atomic.Pointer[string] // HOST:PORT
}

func (tg *target) set(api, gateway string) { tg.api.Store(&api); tg.gateway.Store(&gateway) }

// pipe verifies keys over one connection that is kept, and made anew when the
// replica is. Several requests may be on their way at once. All methods are for
// one goroutine.
type pipe struct {
	t      testing.TB
	target *target
	log    *historytest.Log // used by the reader of the connection alone
	depth  int

	link *pipeLink // nil: none yet
}

// pipeLink is one connection of a pipe.
type pipeLink struct {
	conn    net.Conn
	slots   chan struct{} // holds one for each request on its way
	sent    chan historytest.Operation
	broken  atomic.Bool
	reading sync.WaitGroup
}

func newPipe(t testing.TB, tg *target, r *historytest.Recorder, depth int) *pipe {
	return &pipe{t: t, target: tg, log: r.Client(), depth: depth}
}

// patience bounds the wait for a connection to a replica that is stopped.
const patience = 100 * time.Millisecond

// connect makes sure that there is a connection.
func (p *pipe) connect() bool {
	if p.link != nil && !p.link.broken.Load() {
		return true
	}
	p.close()
	conn, err := net.DialTimeout("tcp", *p.target.gateway.Load(), patience)
	if err != nil {
		return false
	}
	l := &pipeLink{conn: conn, slots: make(chan struct{}, p.depth), sent: make(chan historytest.Operation, p.depth)}
	l.reading.Go(func() { p.read(l) })
	p.link = l
	return true
}

// close ends the connection. What was not answered is no operation: a
// verification without an answer says nothing.
func (p *pipe) close() {
	if p.link != nil {
		_ = p.link.conn.Close()
		close(p.link.sent)
		p.link.reading.Wait()
		p.link = nil
	}
}

// ready waits until a request may be sent. It returns false when there is no
// connection, or ctx ends first.
func (p *pipe) ready(ctx context.Context) bool {
	if !p.connect() {
		return false
	}
	for {
		select {
		case p.link.slots <- struct{}{}:
			return true
		case <-ctx.Done():
			return false
		case <-time.After(patience): // is it still there?
			if p.link.broken.Load() {
				return false
			}
		}
	}
}

// send verifies a key. It comes after ready.
func (p *pipe) send(k *testKey) {
	o := historytest.Operation{Kind: historytest.Verify, Key: k.number, Replica: p.target.place, Start: p.log.Now()}
	p.link.sent <- o
	if _, err := p.link.conn.Write(k.request); err != nil {
		p.link.broken.Store(true)
	}
}

// trySend verifies a key, unless the replica is gone or does not answer.
func (p *pipe) trySend(k *testKey) {
	if !p.connect() {
		return
	}
	select {
	case p.link.slots <- struct{}{}:
		p.send(k)
	default:
	}
}

// settle waits for all answers and closes the connection. It returns false when
// they do not come.
func (p *pipe) settle(ctx context.Context) bool {
	for range p.depth { // who has all slots has had all answers
		if !p.ready(ctx) {
			return false
		}
	}
	p.close()
	return true
}

func (p *pipe) read(l *pipeLink) {
	answers := bufio.NewReader(l.conn)
	for o := range l.sent {
		status, err := readAnswer(answers)
		if err != nil {
			l.broken.Store(true)
			continue // until close
		}
		switch status {
		case 200:
			o.Answer = historytest.Allowed
		case 401:
			o.Answer = historytest.Refused
		case 503:
			o.Answer = historytest.Unable
		default:
			p.t.Errorf("replica %d answers a verification with %d", o.Replica, status)
		}
		p.log.Add(o)
		<-l.slots
	}
}

// readAnswer reads one response of HTTP/1.1 with a Content-Length, and returns
// its status.
func readAnswer(r *bufio.Reader) (status int, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, fmt.Errorf("status line %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, fmt.Errorf("status line %q: %w", line, err)
	}
	length := 0
	for {
		line, err = r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, fmt.Errorf("header line %q: %w", line, err)
			}
		}
	}
	_, err = r.Discard(length)
	return status, err
}
