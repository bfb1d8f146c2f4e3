package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

type verifyCmd struct {
	databaseFlag

	File string `arg:"" default:"-" help:"File that holds the key; - is standard input, and the default. Never the key itself: arguments are seen by every user of the machine."`
}

// Help is shown by keyreeve verify --help.
func (verifyCmd) Help() string {
	return `It looks at the database itself, beside a server or without one, and tells what the API tells nobody: ` +
		`that a key expired and when, who revoked it, that a character is wrong. Status 0: the key is good; 1: it is refused; 3: that could not be found out.

  keyreeve verify < suspect.key`
}

func (c *verifyCmd) Run(ctx context.Context, std streams) error {
	good, err := c.explain(ctx, std)
	switch {
	case err != nil: // a script must not take it for a refused key
		return undecidedError{err}
	case !good:
		return errors.New("the key is refused")
	default:
		return nil
	}
}

func (c *verifyCmd) explain(ctx context.Context, std streams) (good bool, err error) {
	value, err := readKey(c.File, std.in)
	if err != nil {
		return false, err
	}
	store, err := sqlstore.Open(ctx, sqlstore.Config{Database: c.Database, Access: sqlstore.ReadOnly})
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	head, err := store.Head(ctx)
	if err != nil {
		return false, err
	}
	// The server's clock is never behind its log.
	now := max(time.Now().Unix(), head.Millis()/1000)
	e, err := org.Explain(ctx, store, value, now)
	if err != nil {
		return false, err
	}
	_, err = io.WriteString(std.out, describeKey(e))
	return e.Good, err
}

// readKey reads a key without the line end behind it.
func readKey(file string, in io.Reader) (string, error) {
	if strings.HasPrefix(file, "sk-") {
		return "", errors.New("a key was given as an argument, where other users of the machine can see it: revoke it, and give keys on standard input or in a file")
	}
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close() //nolint:errcheck // it is only read
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, 4096))
	if err != nil {
		return "", fmt.Errorf("read the key: %w", err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

func describeKey(e org.Explanation) string {
	verdict := "refused"
	if e.Good {
		verdict = "good"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", verdict, e.Reason)
	if k := e.Key; k != nil {
		expires, used := &k.ExpiresAt, &k.LastUsedAt
		if k.ExpiresAt == 0 {
			expires = nil
		}
		if k.LastUsedAt == 0 {
			used = nil
		}
		fmt.Fprintf(&b, "\n  key        %s %s %s\n  owner      %s %s\n", k.ID, k.Redacted, oneLine(k.Name), k.OwnerID, oneLine(k.Owner.Name))
		if k.ProjectID != "" {
			fmt.Fprintf(&b, "  project    %s\n", k.ProjectID)
		}
		fmt.Fprintf(&b, "  created    %s\n  expires    %s\n  last used  %s\n", formatTime(&k.CreatedAt), formatTime(expires), formatTime(used))
	}
	return b.String()
}
