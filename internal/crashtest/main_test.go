package crashtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if plant := os.Getenv(plantVariable); plant != "" {
		os.Exit(servePlanted(plant, os.Args[1:]))
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if buildDir != "" {
		_ = os.RemoveAll(buildDir)
	}
	os.Exit(code)
}

// buildDir holds the program, once it was built.
var buildDir string

// binary builds the program as it is shipped, once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "keyreeve-crashtest")
	if err != nil {
		return "", err
	}
	buildDir = dir
	path := filepath.Join(dir, "keyreeve")
	build := exec.Command("go", "build", "-o", path, "github.com/keyreeve/keyreeve/cmd/keyreeve")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build keyreeve: %w\n%s", err, out)
	}
	return path, nil
})

// cycles is how often a crash is repeated.
func cycles(normal, soak int) int {
	if os.Getenv("KEYREEVE_SOAK") != "" {
		return soak
	}
	return normal
}
