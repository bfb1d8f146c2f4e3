package httpapi_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/contracttest"
)

// wire is a connection on which a test writes HTTP itself.
type wire struct {
	net.Conn
	in *bufio.Reader
}

// wireTimeout is longer than any answer takes, the server's own limits
// included.
const wireTimeout = 40 * time.Second

func dial(tb testing.TB, address string) *wire {
	tb.Helper()
	conn, err := (&net.Dialer{}).DialContext(tb.Context(), "tcp", address)
	if err != nil {
		tb.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(wireTimeout))
	tb.Cleanup(func() { conn.Close() })
	return &wire{conn, bufio.NewReader(conn)}
}

// send writes lines, ended as HTTP has them, with KEY for the first admin key,
// and whatever follows as it is.
func (s *system) send(t *testing.T, w *wire, head, body string) {
	t.Helper()
	head = strings.ReplaceAll(strings.ReplaceAll(head, "KEY", s.seed.first.value), "\n", "\r\n")
	if _, err := io.WriteString(w, head+"\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
}

// receive reads one answer to a request of the method for the path.
func (s *system) receive(t *testing.T, w *wire, method, path string) answer {
	t.Helper()
	resp, err := http.ReadResponse(w.in, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{resp.StatusCode, resp.Header, string(body)}
	if a.status == http.StatusContinue {
		return a
	}
	contracttest.ValidateResponse(t, method, path, a.status, a.header, body)
	contracttest.ValidateHeaders(t, a.status, a.header)
	s.checkSilence(t, a)
	return a
}

// ended says whether the server closes the connection, rather than wait for
// more of it.
func (w *wire) ended() bool {
	_, err := w.in.ReadByte()
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

func TestWireForms(t *testing.T) {
	t.Parallel()
	const auth = "\nHost: x\nAuthorization: Bearer KEY"
	const post = "POST " + keysPath + " HTTP/1.1" + auth + "\nContent-Type: application/json"
	const good = `{"name":"wire"}`
	sized := func(body string) string { return fmt.Sprint("\nContent-Length: ", len(body)) }
	big := strings.Repeat(" ", 256<<10)
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		for _, test := range []struct {
			name, head, body string
			status           int
			close            bool // the server ends the connection
		}{
			{"Perl's empty body on GET", "GET " + keysPath + " HTTP/1.1" + auth + "\nContent-Length: 0\nUser-Agent: Mojolicious (Perl)", "", 200, false},
			{"a body on GET", "GET " + keysPath + " HTTP/1.1" + auth + sized("junk"), "junk", 200, false},
			{"a body on DELETE", "DELETE " + keysPath + "/key_x HTTP/1.1" + auth + sized("junk"), "junk", 404, false},
			{"HTTP/1.0", "GET " + keysPath + " HTTP/1.0\nAuthorization: Bearer KEY", "", 200, true},
			{"HTTP/1.0 kept alive", "GET " + keysPath + " HTTP/1.0\nAuthorization: Bearer KEY\nConnection: keep-alive", "", 200, false},
			{"HTTP/1.0 create", "POST " + keysPath + " HTTP/1.0\nAuthorization: bearer KEY\nContent-Type: application/json" + sized(good), good, 200, true},
			{"small letters and tabs", "GET " + keysPath + " HTTP/1.1\nhost: x\nauthorization:\tbearer KEY", "", 200, false},
			{"two authorizations", "GET " + keysPath + " HTTP/1.1" + auth + "\nauthorization: Bearer KEY", "", 401, false},
			{"absolute form", "GET http://elsewhere" + keysPath + " HTTP/1.1" + auth, "", 200, false},
			{"closing", "GET " + keysPath + " HTTP/1.1" + auth + "\nConnection: close", "", 200, true},
			{"create", post + sized(good), good, 200, false},
			{"chunked", post + "\nTransfer-Encoding: chunked", "5\r\n" + good[:5] + "\r\na;x=y\r\n" + good[5:] + "\r\n0\r\n\r\n", 200, false},
			{"chunked with a trailer", post + "\nTransfer-Encoding: chunked\nTrailer: X", "f\r\n" + good + "\r\n0\r\nX: y\r\n\r\n", 200, false},
			{"chunked and empty", post + "\nTransfer-Encoding: chunked", "0\r\n\r\n", 400, false},
			{"chunked badly", post + "\nTransfer-Encoding: chunked", "zz\r\n", 400, true},
			{"no body", post, "", 400, false},
			{"at the limit", post + sized(big[:256<<10-len(good)]+good), big[:256<<10-len(good)] + good, 200, false},
			{"over the limit", post + sized(big+good), big + good, 413, true},
			{"far over the limit, not sent", post + "\nContent-Length: 99999999999", "", 413, true},
			{"over the limit in chunks", post + "\nTransfer-Encoding: chunked", "40001\r\n" + big + " \r\n0\r\n\r\n", 413, false},
			{"gzip", post + "\nContent-Encoding: gzip" + sized("\x1f\x8b\x08\x00"), "\x1f\x8b\x08\x00", 415, false},
			{"an upgrade", "GET " + keysPath + " HTTP/1.1" + auth + "\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "", 200, false},
		} {
			t.Run(test.name, func(t *testing.T) {
				w := dial(t, s.address())
				s.send(t, w, test.head, test.body)
				method, rest, _ := strings.Cut(test.head, " ")
				path, _, _ := strings.Cut(strings.TrimPrefix(rest, "http://elsewhere"), " ")
				a := s.receive(t, w, method, path)
				if a.status != test.status {
					t.Fatalf("status %d, want %d: %s", a.status, test.status, a.body)
				}
				if method == http.MethodPost && a.status == http.StatusOK {
					s.issued(value(t, a))
				}
				if test.close {
					if !w.ended() {
						t.Error("something follows the answer")
					}
					return
				}
				s.send(t, w, "GET "+keysPath+"/key_x HTTP/1.1"+auth, "")
				if a := s.receive(t, w, "GET", keysPath+"/key_x"); a.status != 404 {
					t.Errorf("the next request on the connection: status %d", a.status)
				}
			})
		}
	})
}

func TestExpectContinue(t *testing.T) {
	t.Parallel()
	const good = `{"name":"patient"}`
	head := func(key string, length int) string {
		return "POST " + keysPath + " HTTP/1.1\nHost: x\nAuthorization: Bearer " + key +
			"\nContent-Type: application/json\nExpect: 100-continue\nContent-Length: " + fmt.Sprint(length)
	}
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		w := dial(t, s.address())
		s.send(t, w, head("KEY", len(good)), "")
		if a := s.receive(t, w, "POST", keysPath); a.status != http.StatusContinue {
			t.Fatalf("status %d, want 100: %s", a.status, a.body)
		}
		_, _ = io.WriteString(w, good)
		a := s.receive(t, w, "POST", keysPath)
		s.issued(value(t, a))

		// A body that would be refused is not asked for.
		for _, test := range []struct {
			key            string
			length, status int
		}{{"junk", len(good), 401}, {"KEY", 256<<10 + 1, 413}} {
			w := dial(t, s.address())
			s.send(t, w, head(test.key, test.length), "")
			if a := s.receive(t, w, "POST", keysPath); a.status != test.status {
				t.Errorf("status %d, want %d", a.status, test.status)
			}
		}
	})
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		w := dial(t, s.address())
		paths := []string{keysPath, "/v1/foo", keysPath + "/key_x", keysPath + "?limit=x", keysPath + "?limit=0"}
		for _, path := range paths {
			s.send(t, w, "GET "+path+" HTTP/1.1\nHost: x\nAuthorization: Bearer KEY", "")
		}
		for i, status := range []int{200, 404, 404, 400, 200} {
			path, _, _ := strings.Cut(paths[i], "?")
			if a := s.receive(t, w, "GET", path); a.status != status {
				t.Errorf("%s: status %d, want %d", paths[i], a.status, status)
			}
		}
	})
}

// TestBodyCutOff sends less than it promised.
func TestBodyCutOff(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		w := dial(t, s.address())
		s.send(t, w, "POST "+keysPath+" HTTP/1.1\nHost: x\nAuthorization: Bearer KEY\nContent-Type: application/json\nContent-Length: 100", `{"name":"cut"}`)
		if err := w.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		checkFault(t, s.receive(t, w, "POST", keysPath), fault{400, "", "",
			"We could not parse the JSON body of your request. It ended before all of it was received."})
		if n := len(ids(t, s.do(t, request{path: keysPath}))); n != 1 {
			t.Errorf("%d keys", n)
		}
	})
}
