package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/keyreeve/keyreeve/internal/auditkey"
	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

type auditCmd struct {
	List   auditListCmd   `cmd:"" help:"List what was changed, by whom and when, over the API."`
	Verify auditVerifyCmd `cmd:"" help:"Check that no event of the log was changed, removed or put in, and that the keys are those of the log."`
}

type auditVerifyCmd struct {
	databaseFlag

	CheckpointKey string `placeholder:"FILE" help:"PEM public key that the log's checkpoint must be signed by, where old events were dropped."`

	Expect string `placeholder:"REVISION:HASH" help:"A position that an earlier check printed and that was kept elsewhere: shows that the log's tail was not cut off since."`
}

// Help is shown by keyreeve audit verify --help.
func (auditVerifyCmd) Help() string {
	return `Each event holds the hash of the one before. The check reads the whole log, beside a running server if there is one, ` +
		`names the first event that does not fit, and prints the position of the last one. ` +
		`It also compares the keys (value, owner, project, expiry; not names), users' roles and projects with what the events leave of them. Keep that position somewhere else: ` +
		`whoever can write to the database could cut off its last events, and only --expect would show it. ` +
		`Where --audit-retention has dropped old events, the check begins at the checkpoint in their place; give --checkpoint-key, ` +
		`or anybody who can write to the database could have signed another.`
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
	var trusted ed25519.PublicKey
	if c.CheckpointKey != "" {
		if trusted, err = auditkey.ReadPublic(c.CheckpointKey); err != nil {
			return fmt.Errorf("--checkpoint-key: %w", err)
		}
	}
	report, err := store.CheckLog(ctx, expect, trusted)
	if err != nil {
		return err
	}
	head := report.Head
	if start := report.Checkpoint; start != nil {
		if _, err := fmt.Fprintf(std.out, "The log begins after revision %d: older events were dropped.\nThe checkpoint there is signed by the key\n\n  %s\n\n",
			start.Revision, org.KeyFingerprint(start.PublicKey)); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(std.out, "The log is whole: %d events, the last one at %s.\nThe keys, users and projects are those that it says.\nPosition to keep for --expect:\n\n  %s\n\n",
		head.Revision, formatMillis(head.Millis()), head)
	return err
}

// formatMillis shows a time of the log to a person.
func formatMillis(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05 UTC")
}
