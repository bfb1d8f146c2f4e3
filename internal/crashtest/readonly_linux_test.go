package crashtest

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// On a file system that cannot be written a backup can still be checked and
// restored from. What would change it says why it cannot, in one line.
func TestReadOnlyFileSystem(t *testing.T) {
	t.Parallel()
	dir, elsewhere := mountSmall(t), t.TempDir()
	database, backup := filepath.Join(dir, "keyreeve.db"), filepath.Join(dir, "backup.db")
	h := newHost(t, database)
	p := h.start(t)
	if out, err := run(t, "backup", "--database", database, backup); err != nil {
		t.Fatal(out)
	}
	p.kill()
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args []string
		fail bool
	}{
		"serve":          {[]string{"serve", "--listen", "127.0.0.1:0", "--database", database}, true},
		"serve anew":     {[]string{"serve", "--listen", "127.0.0.1:0", "--database", filepath.Join(dir, "new.db")}, true},
		"recover":        {[]string{"recover", "--database", database}, true},
		"restore there":  {[]string{"restore", "--yes", "--database", database, backup}, true},
		"verify":         {[]string{"audit", "verify", "--database", backup}, false},
		"restore from":   {[]string{"restore", "--yes", "--database", filepath.Join(elsewhere, "restored.db"), backup}, false},
		"backup onto it": {[]string{"backup", "--database", backup, filepath.Join(dir, "copy.db")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := run(t, tc.args...)
			if (err != nil) != tc.fail {
				t.Fatalf("it ends with %v and says:\n%s", err, out)
			}
			if tc.fail && (strings.Count(out, "\n") != 1 || !strings.Contains(out, "read-only file system")) {
				t.Errorf("it says, not in one line that the file system is read-only:\n%s", out)
			}
		})
	}
}
