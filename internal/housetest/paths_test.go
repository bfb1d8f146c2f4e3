package housetest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestNoFilePointsOutsideTheProject looks in every text file for relative paths
// that leave the project and for the absolute path of the directories that this
// clone lies in: either would mean something on one machine only.
func TestNoFilePointsOutsideTheProject(t *testing.T) {
	t.Parallel()
	root := root(t)
	places := places(root)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "node_modules", "bin", "dist"}, entry.Name()):
			return filepath.SkipDir
		case !entry.Type().IsRegular() || entry.Name() == ".git": // of a linked checkout it is a file
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || bytes.ContainsRune(text, 0) {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		for _, found := range outside(name, string(text), places) {
			t.Errorf("%s names %s, which is outside the project", name, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAPathOutsideTheProjectIsSeen(t *testing.T) {
	t.Parallel()
	places := places("/srv/checkouts/keyreeve")
	up := ".." + "/" // in two parts, or this file would break its own rule
	for _, tt := range []struct{ text, want string }{
		{"see ../org/doc.go", ""},
		{"see (" + up + up + "README.md)", ""},
		{"see `" + up + up + up + "notes`", up + up + up + "notes"},
		{"GET /v1/" + up + up + up + up + "x", ""}, // a part of a URL, not a path
		{"cd /srv/checkouts/keyreeve && make", "/srv/checkouts/keyreeve"},
		{`"/srv/checkouts/other"`, "/srv/checkouts"},
		{"https://example.org/srv/checkouts", ""},
		{"/srv/checkoutsandmore", ""},
		{"/tmp/x", ""},
	} {
		if got := strings.Join(outside("internal/org/log.go", tt.text, places), " "); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

var upward = regexp.MustCompile("(?:^|[\\s\"'`(=:])((?:\\.\\./)+[\\w.-]+)")

// outside returns the paths in the text of the named file that leave the
// project.
func outside(name, text string, places []*regexp.Regexp) (found []string) {
	for _, match := range upward.FindAllStringSubmatch(text, -1) {
		if !filepath.IsLocal(filepath.Join(filepath.Dir(name), match[1])) {
			found = append(found, match[1])
		}
	}
	for _, place := range places {
		if match := place.FindStringSubmatch(text); match != nil {
			return append(found, match[1])
		}
	}
	return found
}

// common are directories that exist everywhere, which a file may well name.
var common = []string{
	"/", "/Users", "/app", "/build", "/builds", "/data", "/go", "/home", "/mnt", "/opt",
	"/private", "/root", "/src", "/srv", "/tmp", "/usr", "/usr/local", "/usr/src", "/var", "/var/lib", "/var/tmp",
}

// places returns a pattern for each directory that root lies in, the innermost
// first.
func places(root string) (patterns []*regexp.Regexp) {
	for dir := root; !slices.Contains(common, dir); dir = filepath.Dir(dir) {
		pattern := `(?:^|[^\w.-])(` + regexp.QuoteMeta(dir) + `)(?:\W|$)`
		patterns = append(patterns, regexp.MustCompile(pattern))
	}
	return patterns
}

// root is the directory of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
