package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// built is the program that users run, built once for all tests: without the
// race detector, whose memory is not the server's. TestMain removes it.
var built struct {
	once sync.Once
	path string
	err  error
}

// binary returns where the program is.
func binary() (string, error) {
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "keyreeve")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "keyreeve")
		build := exec.CommandContext(context.Background(), "go", "build", "-o", built.path, "github.com/keyreeve/keyreeve/cmd/keyreeve")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("build keyreeve: %w\n%s", err, out)
		}
	})
	return built.path, built.err
}

// process is the program, serving a new SQLite database.
type process struct {
	cmd      *exec.Cmd
	url      string // without /v1
	key      string // the first admin key
	database string
	log      *lockedBuffer // standard output and error

	ended chan struct{}
}

// startProcess runs keyreeve serve until the test ends or stop.
func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := &process{database: filepath.Join(dir, "keyreeve.db"), log: new(lockedBuffer), ended: make(chan struct{})}
	keyFile := filepath.Join(dir, "key")
	// Not the test's context: that ends before the clean-up can stop it.
	p.cmd = exec.CommandContext(context.Background(), path, append([]string{
		"serve", "--listen", "127.0.0.1:0", "--database", p.database, "--bootstrap-key-file", keyFile, "--log-format", "json",
	}, args...)...)
	p.cmd.Stdout = p.log
	output, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	go func() {
		defer close(p.ended)
		lines := bufio.NewReader(output)
		for {
			line, err := lines.ReadString('\n')
			_, _ = io.WriteString(p.log, line)
			if url := readyURL(line); url != "" {
				ready <- url
			}
			if err != nil {
				close(ready)
				return
			}
		}
	}()
	t.Cleanup(func() { p.stop(t) })
	if p.url = <-ready; p.url == "" {
		t.Fatalf("it did not start: %s", p.log)
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	p.key = strings.TrimSpace(string(key))
	return p
}

// readyURL is where the server says it is, in the line of the log in which it
// does, as text or as JSON.
func readyURL(line string) string {
	var entry struct {
		Message string `json:"msg"`
		URL     string `json:"url"`
	}
	if json.Unmarshal([]byte(line), &entry) == nil && entry.Message == "ready" {
		return entry.URL
	}
	if _, rest, ok := strings.Cut(line, "msg=ready url="); ok {
		url, _, _ := strings.Cut(rest, " ")
		return url
	}
	return ""
}

// stop ends the process as an operator does. It may be called again.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(30*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	<-p.ended
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func (p *process) address() string { return strings.TrimPrefix(p.url, "http://") }
