package keyfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/keyreeve/keyreeve/internal/keyfile"
)

func TestKeptValueIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	k, err := keyfile.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Keep("value"); err != nil {
		t.Fatal(err)
	}
	k.Close()
	text, err := os.ReadFile(path)
	if err != nil || string(text) != "value\n" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := keyfile.Create(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second file over it: %v", err)
	}
}

func TestFileOfAKeyThatWasNotMadeGoes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	k, err := keyfile.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	k.Close()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}
