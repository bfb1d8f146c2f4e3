package main

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // for sqlStatement
)

// startTimeout bounds the wait for a server, on a busy machine.
const startTimeout = 20 * time.Second

// start NAME [ARG...] runs keyreeve serve ARG... until it is ready. Its output
// goes to NAME.out and NAME.err, its process id to $NAME_pid, its address to
// $KEYREEVE_URL.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: start NAME [ARG...]")
	}
	name := args[0]
	path, err := exec.LookPath("keyreeve")
	ts.Check(err)
	cmd := exec.Command(path, append([]string{"serve"}, args[1:]...)...)
	cmd.Dir = ts.MkAbs(".")
	for _, v := range []string{"PATH", "HOME", "TMPDIR", "KEYREEVE_LISTEN", "KEYREEVE_DATABASE", "KEYREEVE_BOOTSTRAP_KEY_FILE", "KEYREEVE_OWNER_NAME"} {
		if value := ts.Getenv(v); value != "" {
			cmd.Env = append(cmd.Env, v+"="+value)
		}
	}
	stdout, err := os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	defer stdout.Close()
	stderr, err := os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	defer stderr.Close()
	cmd.Stdout, cmd.Stderr = stdout, stderr
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ts.Defer(func() { _ = cmd.Process.Kill() }) // fails when it has ended
	ts.Value(serversKey{}).(map[string]*running)[name] = &running{cmd.Process, ended}
	ts.Setenv("KEYREEVE_URL", awaitReady(ts, name)+"/v1")
	ts.Setenv(name+"_pid", fmt.Sprint(cmd.Process.Pid))
}

// running is a server that a script started, kept under serversKey.
type running struct {
	process *os.Process
	ended   <-chan error
}

type serversKey struct{}

var readyLine = regexp.MustCompile(`msg=ready url=(\S+)`)

func awaitReady(ts *testscript.TestScript, name string) string {
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if m := readyLine.FindStringSubmatch(ts.ReadFile(name + ".err")); m != nil {
			return m[1]
		}
	}
	ts.Fatalf("%s is not ready after %v:\n%s", name, startTimeout, ts.ReadFile(name+".err"))
	return ""
}

// kill NAME ends a server as a power cut would.
func kill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: kill NAME")
	}
	server := ts.Value(serversKey{}).(map[string]*running)[args[0]]
	ts.Check(server.process.Kill())
	if err := <-server.ended; err == nil {
		ts.Fatalf("%s had stopped by itself", args[0])
	}
}

// stop NAME asks a server to stop and waits until it is gone.
func stop(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: stop NAME")
	}
	server := ts.Value(serversKey{}).(map[string]*running)[args[0]]
	ts.Check(server.process.Signal(syscall.SIGTERM))
	select {
	case err := <-server.ended:
		ts.Check(err)
	case <-time.After(startTimeout):
		ts.Fatalf("%s did not stop", args[0])
	}
}

var keyValue = regexp.MustCompile(`sk-admin-[0-9A-Za-z]{49}`)

// useKey FILE puts the first admin key of a file into $KEYREEVE_ADMIN_KEY.
func useKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: usekey FILE")
	}
	key := keyValue.FindString(ts.ReadFile(args[0]))
	if key == "" {
		ts.Fatalf("%s holds no admin key", args[0])
	}
	ts.Setenv("KEYREEVE_ADMIN_KEY", key)
}

// capture VARIABLE REGEXP FILE sets a variable to what the expression, or its
// group, matches in a file or in stdout.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: capture VARIABLE REGEXP FILE")
	}
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile(args[2]))
	if m == nil {
		ts.Fatalf("%s does not match %s", args[2], args[1])
	}
	ts.Setenv(args[0], m[len(m)-1])
}

// mode PERMISSIONS FILE checks who may read a file.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode PERMISSIONS FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// sql FILE STATEMENT changes a SQLite database behind Keyreeve's back.
func sqlStatement(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql FILE STATEMENT")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(args[1])
	ts.Check(err)
}

var curlLine = regexp.MustCompile(`(?m)^  (curl (\S+) -H "(\S+): (.+)")$`)

// curlfrom FILE runs the curl line in a file and prints the answer.
func curlFrom(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: curlfrom FILE")
	}
	line := curlLine.FindStringSubmatch(ts.ReadFile(args[0]))
	if line == nil {
		ts.Fatalf("%s holds no curl line", args[0])
	}
	if _, err := exec.LookPath("curl"); err == nil {
		ts.Check(ts.Exec("sh", "-c", strings.Replace(line[1], "curl ", "curl -sS ", 1)))
		return
	}
	req, err := http.NewRequest(http.MethodGet, line[2], nil)
	ts.Check(err)
	req.Header.Set(line[3], line[4])
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	_, err = io.Copy(ts.Stdout(), resp.Body)
	ts.Check(err)
}
