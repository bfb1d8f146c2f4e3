// Package keyfile keeps the value of a new key in a file of its own: mode 0600,
// never over another file, and on disk before it counts as kept.
package keyfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/keyreeve/keyreeve/internal/token"
)

// File is a new file for a value that is about to be made. Close it.
type File struct {
	f    *os.File
	kept bool
}

// Create makes the file, so that a key is not made whose value has no place.
// The error is fs.ErrExist where there is one of that name.
func Create(path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s exists already and is not overwritten; remove it or name another file%w", path, existsError{})
	}
	if err != nil {
		return nil, err
	}
	return &File{f: f}, nil
}

// Keep writes the value and a newline, and syncs the file and its name to disk.
func (k *File) Keep(value string) error {
	_, err := k.f.WriteString(value + "\n")
	if err = errors.Join(err, k.f.Sync(), syncDir(filepath.Dir(k.f.Name()))); err != nil {
		return fmt.Errorf("write the key to %s: %w", k.f.Name(), err)
	}
	k.kept = true
	return nil
}

// Close closes the file, and removes it when nothing was kept in it.
func (k *File) Close() {
	_ = k.f.Close() // it was synced
	if !k.kept {
		_ = os.Remove(k.f.Name())
	}
}

// Write keeps a secret in a new file.
func Write(path string, secret token.Secret) error {
	k, err := Create(path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return err
	case err != nil:
		return fmt.Errorf("write the key: %w", err)
	}
	defer k.Close()
	return k.Keep(secret.Reveal())
}

// existsError is fs.ErrExist for errors.Is, and adds nothing to the message.
type existsError struct{}

func (existsError) Error() string        { return "" }
func (existsError) Is(target error) bool { return target == fs.ErrExist }

// syncDir makes a new name in a directory survive a power cut.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
