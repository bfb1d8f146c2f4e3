package historytest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if soaking() {
		commit()
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	for _, dir := range buildDirs {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// buildDirs hold the programs, once they were built.
var (
	buildMu   sync.Mutex
	buildDirs []string
)

// build returns a way to build the program once.
func build(flags ...string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		dir, err := os.MkdirTemp("", "keyreeve-historytest")
		if err != nil {
			return "", err
		}
		buildMu.Lock()
		buildDirs = append(buildDirs, dir)
		buildMu.Unlock()
		path := filepath.Join(dir, "keyreeve")
		args := append(append([]string{"build"}, flags...), "-o", path, "github.com/keyreeve/keyreeve/cmd/keyreeve")
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("build keyreeve: %w\n%s", err, out)
		}
		return path, nil
	})
}

var (
	shipped = build()
	planted = build("-tags", "keyreeve_plant")
)

// soaking says that there are hours.
func soaking() bool { return os.Getenv("KEYREEVE_SOAK") != "" }

// number reads a setting of a run from the environment.
func number(t testing.TB, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
