package sqlstore_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

// childEnv names the database that this test binary, run again, is to serve.
const childEnv = "KEYREEVE_SQLSTORE_CHILD"

// restoreEnv has it do a restore instead, see restoreUntil.
const restoreEnv = "KEYREEVE_SQLSTORE_RESTORE"

// serveUntilTold is the child's whole life: it opens the database, says so in
// one line, and closes it when its standard input ends.
func serveUntilTold(database string) {
	s, err := sqlstore.Open(context.Background(), sqlstore.Config{Database: database})
	if err != nil {
		fmt.Println("refused:", err)
		return
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := s.Close(); err != nil {
		fmt.Println("close:", err)
	}
}

// child is another process that serves a database.
type child struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	said  string // its first line
}

func startChild(t *testing.T, database string) *child {
	t.Helper()
	return startLife(t, childEnv+"="+database)
}

func startRestore(t *testing.T, life string) *child {
	t.Helper()
	return startLife(t, restoreEnv+"="+life)
}

func startLife(t *testing.T, env string) *child {
	t.Helper()
	c := &child{cmd: exec.CommandContext(t.Context(), os.Args[0])}
	c.cmd.Env = append(os.Environ(), env)
	c.cmd.Stderr = os.Stderr
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	lines := bufio.NewScanner(stdout)
	lines.Scan()
	c.said = lines.Text()
	return c
}

// kill ends the child as a power cut would.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}
