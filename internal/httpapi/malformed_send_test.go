package httpapi_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/contracttest"
)

// parse returns the requests in text, which is how many answers to wait for,
// and the one behind them of which only the header is whole, if there is one.
// ends says that nothing is behind the whole ones: otherwise the server is
// right to wait for more.
func parse(text []byte) (whole []*http.Request, begun *http.Request, ends bool) {
	in := bufio.NewReader(bytes.NewReader(text))
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return whole, &http.Request{URL: &url.URL{}}, false
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return whole, r, false
		}
		if whole = append(whole, r); r.Close {
			return whole, nil, true
		}
		if _, err := in.Peek(1); err != nil {
			return whole, nil, true
		}
	}
}

// outcome is one answer, reduced to what must be the same on every engine.
type outcome struct {
	status int
	body   string // "plain" for an answer of net/http itself
}

// sender sends generated requests to one server and holds the answers to the
// contract.
type sender struct {
	tb      testing.TB
	address string
	silent  []string // what no answer may show
	hang    time.Duration

	conn    *wire
	problem func(format string, args ...any)
}

// send returns the answers to text.
func (s *sender) send(text []byte) (got []outcome) {
	whole, begun, ends := parse(text)
	if s.conn == nil {
		s.conn = dial(s.tb, s.address)
	}
	_ = s.conn.SetDeadline(time.Now().Add(s.hang))
	_, _ = s.conn.Write(text) // fails where the server has seen enough
	open := true
	for _, r := range whole {
		if open {
			got, open = s.receive(got, r)
		}
	}
	if len(whole) > 0 && len(got) == 0 {
		s.problem("a whole request has no answer")
	}
	if open && ends {
		return got // and the connection serves the next request
	}
	_ = s.conn.Conn.(*net.TCPConn).CloseWrite() // there is no more to wait for
	for open {
		got, open = s.receive(got, begun)
	}
	s.close()
	return got
}

func (s *sender) close() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// receive reads the answer to r, interim ones aside, and adds it to got. open
// says that the connection goes on.
func (s *sender) receive(got []outcome, r *http.Request) (_ []outcome, open bool) {
	resp, err := http.ReadResponse(s.conn.in, r)
	for err == nil && resp.StatusCode < 200 {
		resp, err = http.ReadResponse(s.conn.in, r)
	}
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.problem("no answer, and the connection is not closed, after %v", s.hang)
		}
		return got, false
	}
	defer resp.Body.Close()
	if ownAnswer(r, resp) {
		// Where it closes, a reset may overtake the text.
		return append(got, outcome{resp.StatusCode, "plain"}), !resp.Close
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.problem("half a body: %v", err)
		return got, false
	}
	if resp.StatusCode >= 500 {
		s.problem("status %d", resp.StatusCode)
	}
	contract := &quietTB{TB: s.tb}
	contracttest.ValidateResponse(contract, r.Method, r.URL.EscapedPath(), resp.StatusCode, resp.Header, body)
	contracttest.ValidateHeaders(contract, resp.StatusCode, resp.Header)
	for _, why := range contract.failures {
		s.problem("against the contract: %s", why)
	}
	for _, secret := range s.silent {
		if bytes.Contains(body, []byte(secret)) || strings.Contains(fmt.Sprint(resp.Header), secret) {
			s.problem("the answer shows a key's value")
		}
	}
	return append(got, outcome{resp.StatusCode, masked.ReplaceAllString(string(body), "~")}), !resp.Close
}

// masked is what differs between engines and runs: ids, times and values of
// keys made by the requests.
var masked = regexp.MustCompile(`(key|proj|user|sa)_[0-9A-Z]{26}|"(created_at|expires_at|last_used_at|archived_at)":\d+|sk-(admin|proj|svcacct)\.\.\.\w{3}|"value":"[^"]*"`)

// ownAnswer says whether net/http answered before our handler saw the request,
// which it does to malformed HTTP, in plain text, and to OPTIONS *.
func ownAnswer(r *http.Request, resp *http.Response) bool {
	if resp.Header.Get("X-Request-Id") != "" {
		return false
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return r.Method == http.MethodOptions && r.RequestURI == "*" && resp.ContentLength == 0
	case http.StatusBadRequest, http.StatusRequestHeaderFieldsTooLarge, http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") && resp.Close
	case http.StatusExpectationFailed:
		return resp.ContentLength <= 0 && resp.Close
	}
	return false
}

// quietTB keeps the failures of a check, for a report that shows the request.
type quietTB struct {
	testing.TB
	failures []string
}

func (q *quietTB) Helper()                           {}
func (q *quietTB) Error(args ...any)                 { q.failures = append(q.failures, fmt.Sprint(args...)) }
func (q *quietTB) Errorf(format string, args ...any) { q.Error(fmt.Sprintf(format, args...)) }
