package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestMedianAndRatios(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(tt.values); got != tt.want {
			t.Errorf("median(%v) = %v, want %v", tt.values, got, tt.want)
		}
	}
	if got := median(ratios([]float64{2, 9, 8}, []float64{1, 3, 2})); got != 3 {
		t.Errorf("median of ratios = %v, want 3", got)
	}
	if got := count(1_234_567); got != "1 234 567" {
		t.Errorf("count: %q", got)
	}
}

func TestALimitIsMetByTheMedian(t *testing.T) {
	t.Parallel()
	var r report
	r.atLeast("fast", 2, []float64{1, 2, 9}, "")
	r.atLeast("slow", 2, []float64{1, 1.9, 9}, "")
	r.atMost("small", 3, []float64{3}, "")
	r.atMost("large", 3, []float64{3.1}, "")
	if r.missed() != 2 {
		t.Errorf("missed %d, want 2:\n%s", r.missed(), r.String())
	}
	for _, want := range []string{"| fast | ≥ 2 | 2 |", "| slow | ≥ 2 | 1.90 | 1 to 9 |  | **missed** |", "| large | ≤ 3 | 3.10 |"} {
		if !strings.Contains(r.String(), want) {
			t.Errorf("no %q in:\n%s", want, r.String())
		}
	}
}

func TestALoadCountsEveryAnswer(t *testing.T) {
	t.Parallel()
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer k" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"object":"x","id":"%s"}`, strings.TrimPrefix(r.URL.Path, keysPath+"/"))
	}))
	defer served.Close()
	address := strings.TrimPrefix(served.URL, "http://")
	s := &server{key: "k"}

	sent, ids := 0, make(map[string]int)
	r, err := load{
		address: address, clients: 8,
		next: func() []byte {
			if sent == 500 {
				return nil
			}
			sent++
			return s.request("GET", fmt.Sprintf("/key_%d", sent), "")
		},
		got: func(body []byte) { ids[idOf(body)]++ },
	}.run()
	if err != nil || len(r.latencies) != 500 || len(ids) != 500 || ids["key_77"] != 1 {
		t.Errorf("%d requests, %d ids, %v", len(r.latencies), len(ids), err)
	}
	if r.percentile(0.5) <= 0 || r.percentile(1) < r.percentile(0.5) {
		t.Errorf("percentiles %v, %v", r.percentile(0.5), r.percentile(1))
	}

	s.key = "another"
	if _, err := (load{address: address, clients: 2, time: time.Second, next: always(s.create())}).run(); err == nil {
		t.Error("a refused request was counted")
	}
}
