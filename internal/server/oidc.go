package server

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/keyreeve/keyreeve/internal/console"
	"github.com/keyreeve/keyreeve/internal/oidc"
)

// OIDC names an OpenID Connect provider at which users of the organization can
// sign in to the console. The zero value is none.
type OIDC struct {
	Issuer           string // URL, exactly as the provider calls itself
	ClientID         string
	ClientSecretFile string // empty: a public client
	Name             string // what the console calls it; empty: the host of the issuer
	PublicURL        string // where browsers reach the console
}

// check refuses half a configuration.
func (c OIDC) check(noConsole bool) error {
	if c == (OIDC{}) {
		return nil
	}
	var missing []string
	for _, part := range []struct{ flag, value string }{
		{"--oidc-issuer", c.Issuer}, {"--oidc-client-id", c.ClientID}, {"--public-url", c.PublicURL},
	} {
		if part.value == "" {
			missing = append(missing, part.flag)
		}
	}
	switch {
	case len(missing) > 0:
		return fmt.Errorf("%s: missing. To sign in by OpenID Connect takes --oidc-issuer, --oidc-client-id and --public-url", strings.Join(missing, ", "))
	case noConsole:
		return errors.New("--oidc-issuer is for the console, and --console=false serves none: give one of them")
	}
	if _, err := oidc.ParseURL(c.Issuer); err != nil {
		return fmt.Errorf("--oidc-issuer %w", err)
	}
	_, err := c.origin()
	return err
}

// origin is the public URL without a slash at its end.
func (c OIDC) origin() (string, error) {
	u, err := oidc.ParseURL(c.PublicURL)
	if err != nil {
		return "", fmt.Errorf("--public-url %w", err)
	}
	origin := u.Scheme + "://" + u.Host
	if u.Path != "" && u.Path != "/" {
		return "", fmt.Errorf("--public-url %q has a path, and the console is served at /: give %s", c.PublicURL, origin)
	}
	return origin, nil
}

// provider returns the provider, and nil where there is none.
func (c OIDC) provider(now func() int64) (*oidc.Provider, error) {
	if c == (OIDC{}) {
		return nil, nil
	}
	origin, err := c.origin()
	if err != nil {
		return nil, err
	}
	secret, err := readClientSecret(c.ClientSecretFile)
	if err != nil {
		return nil, fmt.Errorf("--oidc-client-secret-file: %w", err)
	}
	return oidc.New(oidc.Config{
		Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: secret, Name: c.Name, RedirectURL: origin + console.CallbackURL,
		Now: func() time.Time { return time.Unix(now(), 0) },
	})
}

// readClientSecret reads a file with one line.
func readClientSecret(file string) (oidc.Secret, error) {
	if file == "" {
		return oidc.Secret{}, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return oidc.Secret{}, err // names the file
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" || strings.ContainsFunc(secret, unicode.IsControl) {
		return oidc.Secret{}, fmt.Errorf("%s does not hold one line with the secret of the client", file)
	}
	return oidc.NewSecret(secret), nil
}

// consoleProvider signs people in for the console, which knows no protocol.
type consoleProvider struct{ *oidc.Provider }

// Begin implements console.Provider.
func (p consoleProvider) Begin(ctx context.Context, secret [32]byte) (string, error) {
	address, err := p.Provider.Begin(ctx, secret)
	return address, consoleTrouble(err)
}

// Finish implements console.Provider.
func (p consoleProvider) Finish(ctx context.Context, secret [32]byte, answer url.Values) (string, error) {
	email, err := p.Provider.Finish(ctx, secret, answer)
	return email, consoleTrouble(err)
}

func consoleTrouble(err error) error {
	if trouble, ok := errors.AsType[*oidc.Error](err); ok {
		return &console.SignInTrouble{Text: trouble.Text, Away: trouble.Away, Cause: trouble.Cause}
	}
	return err
}
