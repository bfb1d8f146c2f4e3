package crashtest

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/client"
)

// startTimeout bounds the wait for a server, on a busy machine.
const startTimeout = 30 * time.Second

// host is where servers run one after the other, over one database.
type host struct {
	dir      string
	database string
	plant    string   // empty: the program as it is shipped
	prefix   []string // a program that runs the server
}

func newHost(t *testing.T, database string) *host {
	t.Helper()
	h := &host{dir: t.TempDir(), database: database}
	if database == "" {
		h.database = filepath.Join(h.dir, "keyreeve.db")
	}
	return h
}

func (h *host) keyFile() string { return filepath.Join(h.dir, "first-key") }

// process is a server that runs.
type process struct {
	cmd  *exec.Cmd
	http *http.Client
	url  string
	host *host
}

// spawn starts a server and does not wait for it.
func (h *host) spawn(t *testing.T) *process {
	t.Helper()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{program, "serve", "--listen", "127.0.0.1:0", "--database", h.database, "--bootstrap-key-file", h.keyFile()}
	env := []string{"PATH=" + os.Getenv("PATH")}
	if h.plant != "" {
		args = []string{os.Args[0], h.database, h.keyFile()}
		env = append(env, plantVariable+"="+h.plant)
	}
	args = append(append([]string{}, h.prefix...), args...)
	log, err := os.Create(h.log())
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = h.dir, env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	p := &process{cmd: cmd, host: h, http: &http.Client{Transport: transport, Timeout: startTimeout}}
	t.Cleanup(p.kill)
	return p
}

func (h *host) log() string { return filepath.Join(h.dir, "log") }

// start returns a server that is ready.
func (h *host) start(t *testing.T) *process {
	t.Helper()
	p := h.spawn(t)
	p.url = p.awaitReady(t)
	return p
}

var readyLine = regexp.MustCompile(`msg=ready url=(\S+)`)

func (p *process) awaitReady(t *testing.T) string {
	t.Helper()
	for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		log, err := os.ReadFile(p.host.log())
		if err != nil {
			t.Fatal(err)
		}
		if m := readyLine.FindSubmatch(log); m != nil {
			return string(m[1]) + "/v1"
		}
		if time.Since(began) > startTimeout || strings.Contains(string(log), "\nkeyreeve: ") || strings.HasPrefix(string(log), "keyreeve: ") {
			t.Fatalf("the server does not start:\n%s", log)
		}
	}
}

// kill ends the server, and what runs it, without warning.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // fails when it is gone
	_ = p.cmd.Wait()
	p.http.CloseIdleConnections()
}

// as returns a client with a key. It never repeats a request.
func (p *process) as(t *testing.T, key string) *client.Client {
	t.Helper()
	c, err := client.New(p.url, key, client.WithHTTPClient(p.http), client.WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// admin returns a client with the first admin key.
func (p *process) admin(t *testing.T) *client.Client {
	t.Helper()
	key, err := os.ReadFile(p.host.keyFile())
	if err != nil {
		t.Fatal(err)
	}
	return p.as(t, strings.TrimSpace(string(key)))
}

// verifyLog runs keyreeve audit verify and returns what it says.
func (h *host) verifyLog(t *testing.T) (string, error) {
	t.Helper()
	return run(t, "audit", "verify", "--database", h.database)
}

// run executes a command of the program and returns what it says.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	return string(out), err
}
