package historytest_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/pgtest"
)

// startTimeout bounds the wait for a server, on a busy machine.
const startTimeout = 60 * time.Second

// replica is one place of a fleet: a process, and after it is killed the next,
// with a network of its own to the database.
type replica struct {
	target

	t       testing.TB
	program string
	env     []string
	args    []string
	network *pgtest.Proxy // nil: SQLite

	mu    sync.Mutex // guards what follows: faults come from several sides
	cmd   *exec.Cmd
	ready chan struct{} // closed when the process serves
	gone  chan struct{} // closed when it has said its last word
	said  tail
}

// fleetOf describes the replicas of one run.
type fleetOf struct {
	program  func() (string, error)
	plant    string // the bug, in a program that has them
	database string // a PostgreSQL's; empty: SQLite, for one replica
	lease    time.Duration
	replicas int
	server   *pgtest.Server // to restart it; nil: it is shared with other runs
}

// cluster is several replicas on one database.
type cluster struct {
	fleetOf
	t        testing.TB
	dir      string
	replicas []*replica
	adminKey string
}

// startCluster returns a fleet that serves. It ends with the test.
func startCluster(t testing.TB, f fleetOf) *cluster {
	t.Helper()
	program, err := f.program()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{fleetOf: f, t: t, dir: t.TempDir()}
	if f.database == "" {
		c.database = filepath.Join(c.dir, "keyreeve.db")
	}
	keyFile := filepath.Join(c.dir, "first-key")
	for n := range f.replicas {
		r := &replica{t: t, program: program}
		r.place = int8(n)
		database := c.database
		if f.database != "" {
			r.network = pgtest.NewProxy(t, f.database)
			database = r.network.DSN()
		}
		r.env = []string{"PATH=" + os.Getenv("PATH"), "KEYREEVE_PLANT=" + f.plant}
		r.args = []string{
			"serve", "--listen", "127.0.0.1:0", "--gateway-listen", "127.0.0.1:0", "--database", database,
			"--lease", f.lease.String(), "--bootstrap-key-file", keyFile,
		}
		c.replicas = append(c.replicas, r)
		t.Cleanup(r.kill)
	}
	for n, r := range c.replicas {
		r.start()
		if n == 0 { // the first makes the organization and its key
			r.awaitReady()
		}
	}
	for _, r := range c.replicas {
		r.awaitReady()
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	c.adminKey = strings.TrimSpace(string(key))
	return c
}

func (c *cluster) targets() (all []*target) {
	for _, r := range c.replicas {
		all = append(all, &r.target)
	}
	return all
}

// start runs a new process and does not wait for it.
func (r *replica) start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd != nil {
		return
	}
	cmd := exec.Command(r.program, r.args...)
	cmd.Env = r.env
	stderr, err := cmd.StderrPipe()
	if err != nil {
		r.t.Error(err)
		return
	}
	if err := cmd.Start(); err != nil {
		r.t.Error(err)
		return
	}
	r.cmd, r.ready, r.gone = cmd, make(chan struct{}), make(chan struct{})
	go r.listen(stderr, r.ready, r.gone)
}

var readyLine = regexp.MustCompile(`msg=ready url=http://(\S+) gateways=(\S+)`)

// listen reads what the process says until it is gone.
func (r *replica) listen(stderr io.Reader, ready, gone chan struct{}) {
	defer close(gone)
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if !strings.Contains(lines.Text(), "msg=request") { // there are thousands
			r.said.add(lines.Text())
		}
		if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
			r.set(m[1], m[2])
			close(ready)
		}
	}
}

// awaitReady returns when the replica serves. One that gave up, because it was
// started while its database was away, is started again, as whatever runs it
// would do.
func (r *replica) awaitReady() {
	for limit := time.After(startTimeout); ; {
		r.mu.Lock()
		ready, gone := r.ready, r.gone
		r.mu.Unlock()
		select {
		case <-ready:
			return
		case <-gone:
			r.kill()
			r.start()
		case <-limit:
			r.t.Errorf("replica %d does not start:\n%s", r.place, &r.said)
			return
		}
	}
}

// kill ends the process without warning.
func (r *replica) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd == nil {
		return
	}
	r.signal(syscall.SIGKILL)
	<-r.gone
	_ = r.cmd.Wait()
	r.cmd = nil
}

// pause stops the process where it is, resume lets it go on.
func (r *replica) pause()  { r.mu.Lock(); defer r.mu.Unlock(); r.signal(syscall.SIGSTOP) }
func (r *replica) resume() { r.mu.Lock(); defer r.mu.Unlock(); r.signal(syscall.SIGCONT) }

func (r *replica) signal(s syscall.Signal) {
	if r.cmd != nil {
		_ = r.cmd.Process.Signal(s) // fails when it is gone
	}
}

// tail keeps the last lines of a log.
type tail struct {
	mu    sync.Mutex
	lines []string
}

const tailLines = 30

func (l *tail) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	if len(l.lines) > tailLines {
		l.lines = append(l.lines[:0:0], l.lines[1:]...)
	}
}

// String implements fmt.Stringer.
func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// auditVerify runs keyreeve audit verify on the database itself.
func (c *cluster) auditVerify() error {
	program, err := c.program()
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(c.t.Context(), program, "audit", "verify", "--database", c.database).CombinedOutput()
	if err != nil {
		return fmt.Errorf("audit verify: %w: %s", err, out)
	}
	return nil
}
