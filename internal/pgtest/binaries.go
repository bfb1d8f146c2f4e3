package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
)

// oldest is the first major version that Keyreeve supports.
const oldest = 15

// places are where packages put the server, which most keep out of PATH.
var places = []string{
	"/usr/lib/postgresql/*/bin",            // Debian, Ubuntu
	"/usr/pgsql-*/bin",                     // Red Hat, from PostgreSQL's own repository
	"/usr/libexec/postgresql*",             // Alpine
	"/opt/homebrew/opt/postgresql@*/bin",   // macOS, Homebrew
	"/usr/local/opt/postgresql@*/bin",      // the same on Intel
	"/Applications/Postgres.app/*/*/*/bin", // Postgres.app
}

// binaries returns the directory with initdb and postgres of the newest
// version found.
var binaries = sync.OnceValues(func() (string, error) {
	var dirs []string
	if path, err := exec.LookPath("initdb"); err == nil {
		// PATH often holds a link, and initdb looks for postgres beside itself.
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	for _, pattern := range places {
		found, _ := filepath.Glob(pattern) // the only error is a bad pattern
		dirs = append(dirs, found...)
	}
	best, newest := "", 0
	for _, dir := range dirs {
		if v, err := version(dir); err == nil && v > newest {
			best, newest = dir, v
		}
	}
	switch {
	case newest == 0:
		return "", errors.New("no initdb in PATH or in the usual places; install the package postgresql")
	case newest < oldest:
		return "", fmt.Errorf("%s holds version %d, want %d or later", best, newest, oldest)
	}
	return best, nil
})

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// version returns the major version of the server in dir.
func version(dir string) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0, err
	}
	m := versionPattern.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("no version in %q", out)
	}
	return strconv.Atoi(string(m[1]))
}
