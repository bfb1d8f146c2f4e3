package gateway

import (
	"net/http"
	"strconv"
	"time"
	"unsafe"

	"github.com/keyreeve/keyreeve/internal/lane"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// Lane returns a handler that answers plain requests as [Gate.Handler] does, byte
// for byte but for the order of the header: see docs/decisions/0007-gateway-listener.md
// for what it gains over net/http. Each loop of a lane needs its own. While
// declines reports true, it takes none: a server that stops answers with
// another header.
func (g *Gate) Lane(declines func() bool) lane.Handler {
	var p plain
	var date date
	return func(in, out []byte) (length int, answer []byte, verdict lane.Verdict) {
		// net/http reads the request again and panics again, where it can be
		// answered.
		defer func() {
			if trouble := recover(); trouble != nil {
				length, answer, verdict = 0, out, lane.HandOver
			}
		}()
		length, verdict = p.read(text(in))
		if verdict != lane.Answered {
			return 0, out, verdict
		}
		op, ask, refusal := route(p.target)
		if op != opAuth || declines() {
			return 0, out, lane.HandOver
		}
		var d verify.Decision
		if refusal == nil {
			d, refusal = g.Decide(&p, ask)
		}
		if refusal != nil {
			return length, appendRefusal(out, refusal, date.now()), lane.Answered
		}
		return length, appendIdentity(out, &d, date.now()), lane.Answered
	}
}

// text shows bytes of a request as a string without copying them. Nothing that
// is given it keeps it.
func text(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // as said above
}

// appendIdentity appends the answer that lets a request through. Empty headers
// are sent too: see serveAuth.
func appendIdentity(out []byte, d *verify.Decision, date []byte) []byte {
	out = append(out, "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 0\r\nDate: "...)
	out = append(out, date...)
	for i := range identity {
		out = append(out, identity[i].line...)
		out = identity[i].field.appendTo(out, d)
	}
	if d.Grace {
		out = append(out, "\r\n"+headerStale+": "+staleGrace...)
	}
	return append(out, "\r\n\r\n"...)
}

func appendRefusal(out []byte, r *Refusal, date []byte) []byte {
	out = append(out, "HTTP/1.1 "...)
	out = strconv.AppendInt(out, int64(r.Status), 10)
	out = append(append(out, ' '), http.StatusText(r.Status)...)
	out = append(append(out, "\r\nDate: "...), date...)
	for name, value := range r.each {
		out = append(append(out, "\r\n"...), name...)
		out = append(append(out, ": "...), value...)
	}
	out = append(out, "\r\nContent-Length: "...)
	out = strconv.AppendInt(out, int64(len(r.Body)), 10)
	out = append(out, "\r\n\r\n"...)
	return append(out, r.Body...)
}

// date is the Date header, put together once a second.
type date struct {
	second int64
	text   [len(http.TimeFormat)]byte
}

func (d *date) now() []byte {
	if now := time.Now(); now.Unix() != d.second {
		d.second = now.Unix()
		now.UTC().AppendFormat(d.text[:0], http.TimeFormat)
	}
	return d.text[:]
}
