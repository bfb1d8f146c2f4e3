package main

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed gateway.lua
var luaScript []byte

// keyFile is a file of keys from which wrk draws at random.
type keyFile struct {
	name  string
	width int // bytes of a key
}

// wrk is a load by wrk in a process of its own, one thread: each connection
// sends a request, waits for its answer and sends the next.
type wrk struct {
	url         string
	keys        keyFile
	connections int
	time        time.Duration
}

// counted is what wrk did.
type counted struct {
	requests int
	elapsed  time.Duration
	p50, p99 int // µs
	refused  int // neither 2xx nor 3xx
}

func (c counted) rate() float64 { return float64(c.requests) / c.elapsed.Seconds() }

// run returns when the time is over. A request without an answer is an error.
func (w wrk) run() (c counted, err error) {
	script, err := os.CreateTemp("", "keyreeve-*.lua")
	if err != nil {
		return c, err
	}
	defer os.Remove(script.Name())
	if _, err := script.Write(luaScript); err != nil {
		return c, err
	}
	if err := script.Close(); err != nil {
		return c, err
	}
	cmd := exec.Command("wrk", "-t1", "-c", strconv.Itoa(w.connections), "-d", fmt.Sprintf("%.0fs", max(1, w.time.Seconds())),
		"-s", script.Name(), w.url, "--", w.keys.name, strconv.Itoa(w.keys.width), strconv.Itoa(rand.IntN(1<<30)))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return c, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	_, line, _ := strings.Cut(string(out), "\ncounted ")
	var micros, failed int
	if _, err := fmt.Sscan(line, &c.requests, &micros, &c.p50, &c.p99, &c.refused, &failed); err != nil || c.requests == 0 || failed > 0 {
		return c, fmt.Errorf("wrk counted no answers, or requests without one:\n%s", out)
	}
	c.elapsed = time.Duration(micros) * time.Microsecond
	return c, nil
}
