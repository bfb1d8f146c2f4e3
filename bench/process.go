package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a `keyreeve serve` that runs.
type server struct {
	database string
	address  string
	key      string // of an admin
	cmd      *exec.Cmd
	log      *bytes.Buffer
	took     time.Duration // from the start of the process to its first ready answer
}

// serve starts a server on a database, which is made where there is none, and
// returns when /readyz says ready. dir keeps the admin key of the first start. more are
// further flags.
func (b *bench) serve(database, dir string, more ...string) (*server, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	keyFile := filepath.Join(dir, "admin-key")
	s := &server{database: database, address: address, log: new(bytes.Buffer)}
	s.cmd = exec.Command(b.binary, append([]string{"serve", "--listen", address, "--database", database,
		"--bootstrap-key-file", keyFile, "--log-level", "warn"}, more...)...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	b.running = append(b.running, s)
	if err := s.waitReady(); err != nil {
		return nil, fmt.Errorf("%w\n%s", errors.Join(err, s.stop()), s.log)
	}
	s.took = time.Since(began)
	key, err := os.ReadFile(keyFile)
	s.key = strings.TrimSpace(string(key))
	return s, err
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

const startLimit = time.Minute

// waitReady asks every 2 ms until the server accepts a connection. That comes
// long before it is ready; the answer waits until it is.
func (s *server) waitReady() error {
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		resp, err := http.Get("http://" + s.address + "/readyz")
		if err != nil {
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("the server was not ready within %s", startLimit)
}

// stop ends the server as an operator would.
func (s *server) stop() error {
	if s.cmd.ProcessState != nil {
		return nil
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	return s.cmd.Wait()
}

// memory is what the kernel says of a process, in bytes.
type memory struct{ resident, peak int64 }

func (s *server) memory() (m memory, err error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return m, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			m.resident = kib << 10
		case "VmHWM":
			m.peak = kib << 10
		}
	}
	return m, nil
}
