package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/keyfile"
	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/token"
)

type recoverCmd struct {
	databaseFlag

	OutputFile string `placeholder:"FILE" help:"Write the key to this new file, mode 0600, and not to standard output."`
}

// Help is shown by keyreeve recover --help.
func (recoverCmd) Help() string {
	return `It works on the database itself, so it asks for a shell on the host and no key. The new key belongs to the first owner, ` +
		`and the log says that it was made this way. With SQLite the server must be stopped first; with PostgreSQL it may run.`
}

func (c *recoverCmd) Run(ctx context.Context, std streams) (err error) {
	store, err := sqlstore.Open(ctx, sqlstore.Config{Database: c.Database, Access: sqlstore.Maintain})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	var value token.Secret
	err = org.NewService(store, rand.Reader, nil).Recover(ctx, func(_ org.AdminAPIKey, secret token.Secret) error {
		value = secret
		if c.OutputFile == "" {
			return nil
		}
		return keyfile.Write(c.OutputFile, secret)
	})
	if err != nil {
		return err
	}
	if c.OutputFile != "" {
		_, err = fmt.Fprintf(std.out, "Made a new admin key; it is in %s.\n", c.OutputFile)
		return err
	}
	_, err = fmt.Fprintf(std.out, "Made a new admin key, which is shown only now:\n\n  %s\n\n", value.Reveal())
	return err
}
