package crashtest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFirstKeyThatNobodyReadsIsToldOf writes the first key to a pipe that was
// closed. Only the program as it is shipped gets a SIGPIPE then: the test
// binary has a handler for it.
func TestFirstKeyThatNobodyReadsIsToldOf(t *testing.T) {
	t.Parallel()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "serve", "--listen", "127.0.0.1:0",
		"--database", filepath.Join(t.TempDir(), "keyreeve.db"))
	cmd.Stdout, cmd.Stderr = write, &told
	_ = cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(told.String(), "keyreeve recover") {
		t.Errorf("status %d, standard error %q", code, told.String())
	}
}
