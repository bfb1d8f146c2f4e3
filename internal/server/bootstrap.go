package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/keyreeve/keyreeve/internal/keyfile"
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
			return keyfile.Write(s.cfg.BootstrapKeyFile, secret)
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
	if err == nil && !s.cfg.NoConsole {
		_, err = fmt.Fprintf(s.cfg.Stdout, "Or open %s in a browser and sign in with it.\n\n", s.URL())
	}
	if err != nil {
		return fmt.Errorf("show the first admin key: %w (make another with keyreeve recover)", err)
	}
	return nil
}
