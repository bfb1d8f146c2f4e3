package gateway

import (
	"cmp"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

// FastLimits bound what a client of a fast server may take. Zero values are
// replaced by the defaults.
type FastLimits struct {
	ReadTimeout  time.Duration // of a whole request from its first byte; 5 s
	WriteTimeout time.Duration // of an answer; 30 s
	IdleTimeout  time.Duration // between two requests; 60 s

	// Connections is how many there may be at once; 4096. Each holds about
	// 24 KiB. Those beyond are answered 503 and closed.
	Connections int
}

// maxHeader is the size of a request line and header, in bytes.
const maxHeader = 16 << 10

// NewFastServer returns a server of all adapters for a listener of its own.
// trusted is as with [Gate.Handler].
func NewFastServer(g *Gate, trusted bool, limits FastLimits) *fasthttp.Server {
	return &fasthttp.Server{
		Handler:      g.FastHandler(trusted),
		ErrorHandler: answerUnreadable,
		Logger:       fastLogger{g.logger},

		ReadTimeout:        cmp.Or(limits.ReadTimeout, 5*time.Second),
		WriteTimeout:       cmp.Or(limits.WriteTimeout, 30*time.Second),
		IdleTimeout:        cmp.Or(limits.IdleTimeout, time.Minute),
		Concurrency:        cmp.Or(limits.Connections, 4096),
		ReadBufferSize:     maxHeader, // the header's limit as well
		MaxRequestBodySize: maxBody,

		// A goroutine that looks after idle workers ends this long after the server.
		MaxIdleWorkerDuration: 250 * time.Millisecond,

		DisablePreParseMultipartForm: true, // would write files
		SecureErrorLogMessage:        true, // quotes less of the request
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		CloseOnShutdown:              true,
		TCPKeepalive:                 true,
	}
}

// answerUnreadable answers a request that fasthttp could not read, with the
// status that net/http gives it.
func answerUnreadable(ctx *fasthttp.RequestCtx, err error) {
	writeFastRefusal(ctx, unreadable(err))
}

func unreadable(err error) *Refusal {
	var tooLarge *fasthttp.ErrSmallBuffer
	var network net.Error
	switch {
	case errors.As(err, &tooLarge):
		return headerTooLarge
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return bodyTooLarge
	case errors.As(err, &network) && network.Timeout():
		return slow
	case errors.Is(err, fasthttp.ErrUnsupportedTransferEncoding):
		return transferCoding
	default:
		return malformed
	}
}

// fastLogger keeps what fasthttp says about a connection out of the log: some
// of its errors quote header lines, and with them keys.
type fastLogger struct{ *slog.Logger }

// Printf implements fasthttp.Logger.
func (l fastLogger) Printf(format string, _ ...any) {
	l.Debug("a gateway's connection failed", "what", format)
}
