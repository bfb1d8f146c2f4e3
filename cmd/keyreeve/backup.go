package main

import (
	"context"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

type backupCmd struct {
	databaseFlag

	File string `arg:"" help:"New file for the copy."`
}

// Help is shown by keyreeve backup --help.
func (backupCmd) Help() string {
	return `The copy is one consistent state of the database, made beside a running server. It holds digests, never keys, ` +
		`but it lets its reader see names and owners: keep it as safe as the database. For PostgreSQL use pg_dump.`
}

func (c *backupCmd) Run(ctx context.Context, std streams) error {
	head, err := sqlstore.Backup(ctx, c.Database, c.File)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "Copied %s to %s: revision %d, %s.\nIts position, for audit verify --expect:\n\n  %s\n\n",
		c.Database, c.File, head.Revision, formatMillis(head.Millis()), head)
	return err
}
