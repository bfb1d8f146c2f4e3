package console

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// maxStreams is how many browsers can follow the log at a time. Each holds a
// connection.
const maxStreams = 64

// beat is how often a stream says that it is alive, and looks whether its
// session is.
const beat = 20 * time.Second

// streams are the browsers that follow the log.
type streams struct {
	mu   sync.Mutex
	n    int
	done chan struct{} // closed when the server stops
	once sync.Once
}

func (s *streams) stop() { s.once.Do(func() { close(s.done) }) }

func (s *streams) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n >= maxStreams {
		return false
	}
	s.n++
	return true
}

func (s *streams) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n--
}

// followAuditLogs tells a browser each time that the log has moved. What is new
// the browser then asks for, as for any page: the stream itself tells nothing.
func (v *visit) followAuditLogs() error {
	if !v.live.enter() {
		return &problem{http.StatusServiceUnavailable, "Too many follow the log", "Reload the page to see what is new."}
	}
	defer v.live.leave()
	stream := http.NewResponseController(v.w)
	if err := stream.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // of nginx
	v.status = http.StatusOK
	v.w.WriteHeader(v.status)
	at := v.State.Revision()
	if !v.tell(stream, at) {
		return nil
	}
	for next := time.Now().Add(beat); ; {
		select {
		case <-v.live.done:
			return nil
		case <-v.r.Context().Done():
			return nil
		default:
		}
		moved := v.State.Await(v.r.Context(), at+1) // for about a second
		if !moved && time.Now().Before(next) {
			continue
		}
		if ok, err := v.recognise(); err != nil || !ok {
			return nil // the browser asks again, and is told then
		}
		at, next = v.State.Revision(), time.Now().Add(beat)
		if !v.tell(stream, at) {
			return nil
		}
	}
}

// tell sends where the log is.
func (v *visit) tell(stream *http.ResponseController, revision int64) bool {
	_ = stream.SetWriteDeadline(time.Now().Add(10 * time.Second)) // a browser that reads nothing is given up
	_, err := io.WriteString(v.w, "data: "+strconv.FormatInt(revision, 10)+"\n\n")
	return err == nil && stream.Flush() == nil
}
