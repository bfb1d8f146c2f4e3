package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

// script is a transport that plays one step after the other, without a network,
// so that time inside a synctest bubble is exact. The last step repeats.
type script struct {
	steps []step
	at    []time.Duration // when each request came, from the first on
	first time.Time
}

type step func(*http.Request) (*http.Response, error)

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	if len(s.at) == 0 {
		s.first = time.Now()
	}
	n := min(len(s.at), len(s.steps)-1)
	s.at = append(s.at, time.Since(s.first))
	return s.steps[n](r)
}

func (s *script) client(t *testing.T, opts ...client.Option) *client.Client {
	t.Helper()
	opts = append([]client.Option{client.WithHTTPClient(&http.Client{Transport: s})}, opts...)
	c, err := client.New("http://keys.example.com/v1", testKey, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answers is a step; header holds pairs of name and value.
func answers(status int, body string, header ...string) step {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json"}}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

func fails(err error) step {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// cut answers with half a body.
func cut(r *http.Request) (*http.Response, error) {
	resp, _ := answers(200, "")(r)
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"obj`), failingReader{}))
	return resp, nil
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

var (
	noKey    = `{"error":{"message":"No such admin API key: 'key_1'.","type":"invalid_request_error","param":null,"code":null}}`
	noRoute  = `{"error":{"message":"Invalid URL (DELETE /v1/organization/admin_api_keys/key_1)","type":"invalid_request_error","param":null,"code":null}}`
	errReset = errors.New("connection errReset by peer")
	refused  = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
)

func TestWhatIsRetried(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		first step
		want  bool
	}{
		{"408", answers(408, ""), true},
		{"429", answers(429, ""), true},
		{"500", answers(500, ""), true},
		{"503", answers(503, ""), true},
		{"connection reset", fails(errReset), true},
		{"connection refused", fails(refused), true},
		{"half a body", cut, true},
		{"409 with x-should-retry", answers(409, "", "X-Should-Retry", "true"), true},
		{"503 without hope", answers(503, "", "X-Should-Retry", "false"), false},
		{"400", answers(400, ""), false},
		{"401", answers(401, ""), false},
		{"403", answers(403, ""), false},
		{"404", answers(404, ""), false},
		{"409", answers(409, ""), false},
		{"redirect", answers(302, "", "Location", "/x"), false},
		{"untrusted certificate", fails(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), false},
		{"unusable response", answers(200, "{}"), false},
		{"useless x-should-retry", answers(200, "{}", "X-Should-Retry", "true"), false},
	}
	replies := map[string]string{"list": listBody, "get": keyBody, "create": createBody, "delete": deletedBody}
	for _, tt := range tests {
		for op, call := range operations {
			t.Run(tt.name+"/"+op, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := &script{steps: []step{tt.first, answers(200, replies[op])}}
					err := call(t.Context(), s.client(t))
					want := 1
					if tt.want && op != "create" {
						want = 2
					}
					if len(s.at) != want {
						t.Errorf("%d requests, want %d", len(s.at), want)
					}
					if (err == nil) != (want == 2) {
						t.Errorf("error: %v", err)
					}
				})
			})
		}
	}
}

func TestPausesDoubleAndAreCapped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []step{answers(500, "")}}
		err := operations["get"](t.Context(), s.client(t, client.WithMaxRetries(7)))
		if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != 500 {
			t.Errorf("got %v", err)
		}
		bounds := []int{500, 1000, 2000, 4000, 8000, 8000, 8000} // ms
		if len(s.at) != len(bounds)+1 {
			t.Fatalf("%d requests, want %d", len(s.at), len(bounds)+1)
		}
		for i, ms := range bounds {
			bound := time.Duration(ms) * time.Millisecond
			if pause := s.at[i+1] - s.at[i]; pause < bound/2 || pause > bound {
				t.Errorf("pause %d is %v, want %v to %v", i, pause, bound/2, bound)
			}
		}
	})
}

func TestTwoRetriesByDefault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for want, opts := range map[int][]client.Option{
			3: nil,
			1: {client.WithMaxRetries(0)},
			5: {client.WithMaxRetries(4)},
		} {
			s := &script{steps: []step{fails(errReset)}}
			if err := operations["delete"](t.Context(), s.client(t, opts...)); !errors.Is(err, errReset) {
				t.Errorf("got %v", err)
			}
			if len(s.at) != want {
				t.Errorf("%d requests, want %d", len(s.at), want)
			}
		}
	})
}

func TestServerSetsThePause(t *testing.T) {
	t.Parallel()
	const backoffMax = 500 * time.Millisecond
	tests := []struct {
		name     string
		header   func() []string
		min, max time.Duration // 0: no second request
	}{
		{"seconds", pair("Retry-After", "3"), 3 * time.Second, 3300 * time.Millisecond},
		{"part of a second", pair("Retry-After", "0.1"), 100 * time.Millisecond, 110 * time.Millisecond},
		{"milliseconds", pair("Retry-After-Ms", "1500"), 1500 * time.Millisecond, 1650 * time.Millisecond},
		{"milliseconds win", pair("Retry-After-Ms", "20", "Retry-After", "9"), 20 * time.Millisecond, 22 * time.Millisecond},
		{"date", func() []string {
			return []string{"Retry-After", time.Now().Add(5 * time.Second).UTC().Format(http.TimeFormat)}
		}, 5 * time.Second, 5500 * time.Millisecond},
		{"a minute", pair("Retry-After", "60"), time.Minute, 66 * time.Second},
		{"more than a minute", pair("Retry-After", "61"), 0, 0},
		{"for ever", pair("Retry-After", "1e300"), 0, 0},
		{"zero", pair("Retry-After", "0"), backoffMax / 2, backoffMax},
		{"negative", pair("Retry-After", "-5"), backoffMax / 2, backoffMax},
		{"not a number", pair("Retry-After-Ms", "NaN"), backoffMax / 2, backoffMax},
		{"a date gone by", pair("Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT"), backoffMax / 2, backoffMax},
		{"junk", pair("Retry-After", "soon"), backoffMax / 2, backoffMax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: []step{answers(429, "", tt.header()...), answers(200, keyBody)}}
				err := operations["get"](t.Context(), s.client(t))
				if tt.max == 0 {
					if e, ok := errors.AsType[*client.Error](err); !ok || e.RetryAfter <= time.Minute || len(s.at) != 1 {
						t.Errorf("got %v after %d requests", err, len(s.at))
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if pause := s.at[1]; pause < tt.min || pause > tt.max {
					t.Errorf("pause is %v, want %v to %v", pause, tt.min, tt.max)
				}
			})
		})
	}
}

func pair(header ...string) func() []string { return func() []string { return header } }

func TestPauseBeyondTheDeadlineIsNotBegun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		s := &script{steps: []step{answers(503, "", "Retry-After", "5")}}
		start := time.Now()
		err := operations["get"](ctx, s.client(t))
		if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != 503 {
			t.Errorf("got %v, want the 503", err)
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestCancelEndsThePause(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]step{"after an answer": answers(503, "", "Retry-After", "30"), "after none": fails(errReset)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				s := &script{steps: []step{first}}
				time.AfterFunc(100*time.Millisecond, cancel)
				start := time.Now()
				err := operations["get"](ctx, s.client(t))
				if waited := time.Since(start); waited != 100*time.Millisecond {
					t.Errorf("waited %v", waited)
				}
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%v does not wrap the cancellation", err)
				}
				if e, ok := errors.AsType[*client.Error](err); !errors.Is(err, errReset) && (!ok || e.Status != 503) {
					t.Errorf("%v does not wrap the last failure", err)
				}
			})
		})
	}
}

func TestSlowAttemptIsGivenUpAndRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hangs := func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		s := &script{steps: []step{hangs, answers(200, keyBody)}}
		if err := operations["get"](t.Context(), s.client(t)); err != nil {
			t.Fatal(err)
		}
		if s.at[1] < 30*time.Second || s.at[1] > 31*time.Second {
			t.Errorf("second attempt after %v", s.at[1])
		}

		s = &script{steps: []step{hangs}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		err := operations["get"](ctx, s.client(t, client.WithTimeout(0)))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Hour {
			t.Errorf("without a timeout: %v after %v", err, time.Since(start))
		}
	})
}

// A 404 counts as success only where an earlier attempt can be its reason, and
// only where the API says it of the key.
func TestDeleteAfterALostAnswer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		steps []step
		ok    bool
	}{
		{"answer lost", []step{fails(errReset), answers(404, noKey)}, true},
		{"answer cut", []step{cut, answers(404, noKey)}, true},
		{"5xx", []step{answers(500, ""), answers(404, noKey)}, true},
		{"lost, then told to wait", []step{fails(errReset), answers(429, ""), answers(404, noKey)}, true},
		{"404 at once", []step{answers(404, noKey)}, false},
		{"never connected", []step{fails(refused), answers(404, noKey)}, false},
		{"told to wait", []step{answers(429, ""), answers(404, noKey)}, false},
		{"lost, then a proxy's 404", []step{fails(errReset), answers(404, "<html>")}, false},
		{"lost, then a route that is not there", []step{fails(errReset), answers(404, noRoute)}, false},
		{"lost, then refused", []step{fails(errReset), answers(403, noKey)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: tt.steps}
				got, err := s.client(t).AdminAPIKeys.Delete(t.Context(), "key_1")
				if len(s.at) != len(tt.steps) {
					t.Errorf("%d requests, want %d", len(s.at), len(tt.steps))
				}
				if !tt.ok {
					if _, refused := errors.AsType[*client.Error](err); !refused {
						t.Errorf("got %+v, %v", got, err)
					}
					return
				}
				want := &api.AdminAPIKeyDeleted{ID: "key_1", Object: api.ObjectAdminAPIKeyDeleted, Deleted: true}
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("error %v (-want +got):\n%s", err, diff)
				}
			})
		})
	}
}

func TestGetAfterALostAnswerStaysMissing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []step{fails(errReset), answers(404, noKey)}}
		err := operations["get"](t.Context(), s.client(t))
		if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != 404 {
			t.Errorf("got %v", err)
		}
	})
}

func TestTransportErrorThatShowsTheKeyIsReplaced(t *testing.T) {
	t.Parallel()
	s := &script{steps: []step{func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("dump: %v", r.Header)
	}}}
	err := operations["create"](t.Context(), s.client(t))
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.Contains(e.Error(), "canary") {
			t.Errorf("%T shows the key: %v", e, e)
		}
	}
}
