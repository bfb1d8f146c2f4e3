package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	backoffBase = 500 * time.Millisecond
	backoffCap  = 8 * time.Second

	// A server that asks for a longer pause is not waited for: the caller
	// decides. Coming back earlier than asked would be no use to anyone.
	retryAfterCap = time.Minute
)

// repeatable reports whether sending r twice changes no more than sending it
// once. The API has no idempotency key, so a POST is not.
func (r request) repeatable() bool {
	return r.method == http.MethodGet || r.method == http.MethodDelete
}

// send attempts r until it succeeds, cannot, or may not be tried again.
// Uncertain means that an attempt before the last may have taken effect though
// it looked like a failure.
func (t *transport) send(ctx context.Context, r request) (a *answer, uncertain bool, err error) {
	for n := 0; ; n++ {
		a, err = t.attempt(ctx, r)
		if n >= t.maxRetries || !r.repeatable() || !worthRetrying(a, err) || ctx.Err() != nil {
			return a, uncertain, err
		}
		pause := backoff(n)
		if asked := retryAfter(a); asked > retryAfterCap {
			return a, uncertain, err
		} else if asked > 0 {
			// A little more than asked, so that clients which were told the
			// same moment do not come back as one.
			pause = asked + rand.N(asked/10+1)
		}
		if end, ok := ctx.Deadline(); ok && time.Until(end) <= pause {
			return a, uncertain, err
		}
		uncertain = uncertain || mayHaveHappened(a, err)
		if stopped := sleep(ctx, pause); stopped != nil {
			if err == nil {
				err = t.newError(r.operation, a)
			}
			return nil, uncertain, fmt.Errorf("%w; %w while waiting to try again", err, stopped)
		}
	}
}

// worthRetrying reports whether the same request could fare better later.
func worthRetrying(a *answer, err error) bool {
	if err != nil {
		_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
		return !untrusted
	}
	if a.ok() {
		return false
	}
	switch a.header.Get("X-Should-Retry") {
	case "true":
		return true
	case "false":
		return false
	}
	return a.status == http.StatusRequestTimeout || a.status == http.StatusTooManyRequests || a.status >= 500
}

// mayHaveHappened reports whether a failed attempt could have changed something
// on the server: always, unless it never got a connection or was refused.
func mayHaveHappened(a *answer, err error) bool {
	if err != nil {
		op, ok := errors.AsType[*net.OpError](err)
		return !ok || op.Op != "dial"
	}
	return a.status >= 500
}

// backoff returns the pause before retry n, counted from 0: between a half and
// the whole of a bound that doubles up to backoffCap.
func backoff(n int) time.Duration {
	bound := backoffCap
	if n < 4 { // 500 ms << 4 is the cap
		bound = backoffBase << n
	}
	return bound/2 + rand.N(bound/2)
}

// retryAfter returns the pause that the server asks for, or 0 when it does not
// or cannot be understood.
func retryAfter(a *answer) time.Duration {
	if a == nil {
		return 0
	}
	if d := parsePause(a.header.Get("Retry-After-Ms"), time.Millisecond); d > 0 {
		return d
	}
	asked := a.header.Get("Retry-After")
	if d := parsePause(asked, time.Second); d > 0 {
		return d
	}
	if at, err := http.ParseTime(asked); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// parsePause reads a non-negative number of units, whole or not. What exceeds a
// day is a day: the conversion must not overflow into a short pause.
func parsePause(s string, unit time.Duration) time.Duration {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 0) { // also not a number
		return 0
	}
	return time.Duration(min(f*float64(unit), float64(24*time.Hour)))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
