package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/token"
)

// bootstrap makes the organization of an empty database and hands over its
// first admin key.
func (s *Server) bootstrap(ctx context.Context) error {
	if _, err := s.service.Organization(ctx); err == nil {
		return nil
	}
	var value token.Secret
	made, err := s.service.Bootstrap(ctx, org.Bootstrap{
		OwnerName: s.cfg.OwnerName, OwnerEmail: s.cfg.OwnerEmail,
		Announce: func(_ org.AdminAPIKey, secret token.Secret) error {
			value = secret
			if s.cfg.BootstrapKeyFile == "" {
				return nil
			}
			return WriteKeyFile(s.cfg.BootstrapKeyFile, secret)
		},
	})
	switch {
	case err != nil:
		if !value.IsZero() && s.cfg.BootstrapKeyFile != "" && !errors.Is(err, fs.ErrExist) && !errors.Is(err, org.ErrUncertain) {
			_ = os.Remove(s.cfg.BootstrapKeyFile) // it holds a key that does not exist
		}
		return err
	case !made:
		return nil // another process was first
	case s.cfg.BootstrapKeyFile != "":
		s.logger.Info("made the organization; its first admin key is in a file", "file", s.cfg.BootstrapKeyFile)
		return nil
	default:
		return s.showKey(value)
	}
}

func (s *Server) showKey(value token.Secret) error {
	url := s.URL() + "/v1/organization/admin_api_keys"
	_, err := fmt.Fprintf(s.cfg.Stdout, `Keyreeve made an organization and its first admin API key. The key is shown only now:

  %s

List the admin API keys with it:

  curl %s -H "Authorization: Bearer %[1]s"

`, value.Reveal(), url)
	if err != nil {
		return fmt.Errorf("show the first admin key: %w (make another with keyreeve recover)", err)
	}
	return nil
}

// WriteKeyFile writes a key's value and a newline to a new file that only its
// owner can read, and syncs it to disk. It never overwrites.
func WriteKeyFile(path string, secret token.Secret) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already and is not overwritten; remove it or name another file%w", path, existsError{})
	}
	if err != nil {
		return fmt.Errorf("write the key: %w", err)
	}
	_, err = f.WriteString(secret.Reveal() + "\n")
	err = errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(path)))
	if err != nil {
		_ = os.Remove(path)
		return fmt.Errorf("write the key to %s: %w", path, err)
	}
	return nil
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
