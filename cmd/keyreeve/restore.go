package main

import (
	"context"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

type restoreCmd struct {
	databaseFlag

	File string `arg:"" help:"Backup to go back to."`
	Yes  bool   `help:"Do not ask for confirmation."`
}

// Help is shown by keyreeve restore --help.
func (restoreCmd) Help() string {
	return `The backup is checked first: its pages, its log, and its keys against the log. What is in the database now is kept beside it under another name. ` +
		`Keys that were revoked after the backup was made would work again, so the command says how far it goes back and asks; ` +
		`the log of the restored database says that it was put back. The server must be stopped.`
}

func (c *restoreCmd) Run(ctx context.Context, std streams) error {
	plan, err := sqlstore.PlanRestore(ctx, c.Database, c.File)
	if err != nil {
		return err
	}
	defer plan.Close()
	fmt.Fprintf(std.out, "%s is whole. It is of revision %d, %s.\n", c.File, plan.Backup.Revision, formatMillis(plan.Backup.Millis()))
	if plan.Replaces {
		fmt.Fprintf(std.out, "%s is now at revision %d, %s.\n", c.Database, plan.Current.Revision, formatMillis(plan.Current.Millis()))
	}
	fmt.Fprintln(std.out, "Keys that were revoked after the backup was made will work again, and keys made since will not.")
	if !c.Yes {
		if err := confirm(std, "restore"); err != nil {
			return err
		}
	}
	kept, err := plan.Run(ctx)
	if err != nil {
		return err
	}
	if kept != "" {
		fmt.Fprintf(std.out, "The database from before is kept as %s.\n", kept)
	}
	_, err = fmt.Fprintf(std.out, "Restored %s. Look through the keys that work again before you start the server.\n", c.Database)
	return err
}
