package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// answer is what a server sent for one request.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// patience is how long a server may take for all of a conversation. It is far
// more than shortRead: whoever exceeds it hangs.
const patience = 10 * time.Second

var errHang = errors.New("the server neither answered nor hung up")

// converse sends raw bytes on a connection of their own and returns all that
// the server answered until it hung up. HEAD says which of the answers have no
// body.
func converse(ctx context.Context, s server, raw string, head ...bool) ([]answer, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	sent := make(chan struct{})
	go func() { // the server may answer before it has taken in all
		defer close(sent)
		_, _ = io.WriteString(conn, raw)
	}()
	received, err := io.ReadAll(conn)
	_ = conn.Close()
	<-sent
	if errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		return nil, errHang
	}
	return parseAnswers(received, head)
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

func parseAnswers(received []byte, head []bool) ([]answer, error) {
	var answers []answer
	r := bufio.NewReader(bytes.NewReader(received))
	for {
		if _, err := r.Peek(1); err != nil {
			return answers, nil //nolint:nilerr // the end
		}
		request := &http.Request{Method: http.MethodGet}
		if i := len(answers); i < len(head) && head[i] {
			request.Method = http.MethodHead
		}
		response, err := http.ReadResponse(r, request) //nolint:bodyclose // it is in memory
		if err != nil {
			return answers, fmt.Errorf("answer %d is not HTTP: %w: %.200q", len(answers), err, received)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return answers, fmt.Errorf("body of answer %d: %w", len(answers), err)
		}
		if response.StatusCode == http.StatusContinue {
			continue
		}
		answers = append(answers, answer{response.StatusCode, response.Header, string(body)})
	}
}

// statuses shows answers as "401 200".
func statuses(answers []answer) string {
	var out []string
	for _, a := range answers {
		out = append(out, fmt.Sprint(a.Status))
	}
	return strings.Join(out, " ")
}

// lines joins the lines of a request.
func lines(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n\r\n" }
