package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

type auditCmd struct {
	List   auditListCmd   `cmd:"" help:"List what was changed, by whom and when, over the API."`
	Verify auditVerifyCmd `cmd:"" help:"Check that no event of the log was changed, removed or put in, and that the keys are those of the log."`
}

type auditVerifyCmd struct {
	databaseFlag

	Expect string `placeholder:"REVISION:HASH" help:"A position that an earlier check printed and that was kept elsewhere: shows that the log's tail was not cut off since."`
}

// Help is shown by keyreeve audit verify --help.
func (auditVerifyCmd) Help() string {
	return `Each event holds the hash of the one before. The check reads the whole log, beside a running server if there is one, ` +
		`names the first event that does not fit, and prints the position of the last one. ` +
		`It also compares the keys (value, owner, project, expiry; not names), users' roles and projects with what the events leave of them. Keep that position somewhere else: ` +
		`whoever can write to the database could cut off its last events, and only --expect would show it.`
}

func (c *auditVerifyCmd) Run(ctx context.Context, std streams) (err error) {
	var expect *org.Head
	if c.Expect != "" {
		head, err := org.ParseHead(c.Expect)
		if err != nil {
			return fmt.Errorf("--expect: %w", err)
		}
		expect = &head
	}
	store, err := sqlstore.Open(ctx, sqlstore.Config{Database: c.Database, Access: sqlstore.ReadOnly})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	head, err := store.VerifyLog(ctx, expect)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "The log is whole: %d events, the last one at %s.\nThe keys, users and projects are those that it says.\nPosition to keep for --expect:\n\n  %s\n\n",
		head.Revision, formatMillis(head.Millis()), head)
	return err
}

// formatMillis shows a time of the log to a person.
func formatMillis(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05 UTC")
}
