package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
	"github.com/keyreeve/keyreeve/internal/keyfile"
)

type adminKeysCmd struct {
	List   adminKeysListCmd   `cmd:"" help:"List admin keys."`
	Get    adminKeysGetCmd    `cmd:"" help:"Show one admin key."`
	Create adminKeysCreateCmd `cmd:"" help:"Make an admin key and show its value, once."`
	Delete adminKeysDeleteCmd `cmd:"" help:"Revoke an admin key. It is refused from then on."`
}

// Help is shown by keyreeve admin-keys --help.
func (adminKeysCmd) Help() string {
	return `The commands ask a running server over its API, as the admin key in KEYREEVE_ADMIN_KEY or in a file:

  export KEYREEVE_URL=http://127.0.0.1:8080/v1
  keyreeve admin-keys list --key-file ~/.keyreeve-key`
}

// connectFlags say which server is asked, and as whom. The key is never an
// argument: those are seen by every user of the machine.
type connectFlags struct {
	URL     string `name:"url" default:"http://127.0.0.1:8080/v1" env:"KEYREEVE_URL" placeholder:"URL" help:"Base URL of the server, ending in /v1; it may be OpenAI's own (${env}; default: ${default})."`
	KeyFile string `env:"KEYREEVE_ADMIN_KEY_FILE" placeholder:"FILE" help:"File that holds the admin key to use, or - for standard input (${env}). Without it KEYREEVE_ADMIN_KEY holds the key itself."`
	JSON    bool   `name:"json" xor:"form" help:"Print JSON: the API's own objects. Standard where the output is not a terminal."`
	Table   bool   `name:"table" xor:"form" help:"Print a table. Standard on a terminal."`
}

func (f connectFlags) client(std streams) (*client.Client, error) {
	key, err := f.key(std)
	if err != nil {
		return nil, err
	}
	cl, err := client.New(f.URL, key, client.WithUserAgent("keyreeve/"+buildVersion()))
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "new client: "))
	}
	return cl, nil
}

func (f connectFlags) key(std streams) (string, error) {
	var text []byte
	var err error
	switch f.KeyFile {
	case "":
		if text = []byte(os.Getenv("KEYREEVE_ADMIN_KEY")); len(text) == 0 {
			return "", errors.New("no admin key: set KEYREEVE_ADMIN_KEY, or name a file that holds one with --key-file")
		}
	case "-":
		text, err = io.ReadAll(io.LimitReader(std.in, 4096))
	default:
		text, err = os.ReadFile(f.KeyFile)
	}
	if err != nil {
		return "", fmt.Errorf("read the admin key: %w", err)
	}
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return "", fmt.Errorf("the admin key file %s is empty", f.KeyFile)
	}
	return string(text), nil
}

type adminKeysListCmd struct {
	connectFlags

	Order string `default:"asc" enum:"asc,desc" placeholder:"asc" help:"Oldest first (asc, the default) or newest first (desc)."`
	After string `placeholder:"ID" help:"Begin after this key."`
	Limit int    `placeholder:"N" help:"At most this many keys. Without it all are listed."`
}

func (c *adminKeysListCmd) Run(ctx context.Context, std streams) error {
	if c.Limit < 0 {
		return fmt.Errorf("--limit %d: give a positive number, or leave it out to list all", c.Limit)
	}
	cl, err := c.client(std)
	if err != nil {
		return err
	}
	keys := []api.AdminAPIKey{}
	params := api.AdminAPIKeyListParams{Order: api.Order(c.Order), After: c.After}
	if c.Limit > 0 {
		page := min(c.Limit, 100)
		params.Limit = &page
	}
	for key, err := range cl.AdminAPIKeys.All(ctx, params) {
		if err != nil {
			return err
		}
		keys = append(keys, key)
		if len(keys) == c.Limit {
			break
		}
	}
	return c.print(std.out, keys, adminKeyTable(keys))
}

type adminKeysGetCmd struct {
	connectFlags

	ID string `arg:"" help:"Id of the key: key_..."`
}

func (c *adminKeysGetCmd) Run(ctx context.Context, std streams) error {
	cl, err := c.client(std)
	if err != nil {
		return err
	}
	key, err := cl.AdminAPIKeys.Get(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.print(std.out, key, adminKeyTable([]api.AdminAPIKey{*key}))
}

type adminKeysCreateCmd struct {
	connectFlags

	Name       string        `arg:"" help:"What the key is for: 1 to 256 characters."`
	ExpiresIn  time.Duration `placeholder:"DURATION" help:"How long the key works, such as 720h; 1s to 8760h. Without it the key does not expire."`
	OutputFile string        `placeholder:"FILE" help:"Write the value to this new file, mode 0600, and show it nowhere else."`
}

// Help is shown by keyreeve admin-keys create --help.
func (adminKeysCreateCmd) Help() string {
	return `The value is shown once and can never be read again. A script is best given it in a file:

  keyreeve admin-keys create "deploy pipeline" --expires-in 720h --output-file deploy-key`
}

func (c *adminKeysCreateCmd) Run(ctx context.Context, std streams) (err error) {
	if c.ExpiresIn < 0 {
		return fmt.Errorf("--expires-in %s: give a duration from 1s to 8760h", c.ExpiresIn)
	}
	cl, err := c.client(std)
	if err != nil {
		return err
	}
	request := api.AdminAPIKeyCreateRequest{Name: c.Name}
	if c.ExpiresIn != 0 {
		if c.ExpiresIn%time.Second != 0 {
			return fmt.Errorf("--expires-in %s: give whole seconds", c.ExpiresIn)
		}
		seconds := int64(c.ExpiresIn / time.Second)
		request.ExpiresInSeconds = &seconds
	}
	keep := func(string) error { return nil }
	if c.OutputFile != "" {
		// The file comes first: a key whose value has no place would be lost.
		file, err := keyfile.Create(c.OutputFile)
		if err != nil {
			return err
		}
		keep = file.Keep
		defer file.Close()
	}
	key, err := cl.AdminAPIKeys.Create(ctx, request)
	if err != nil {
		return err
	}
	if err := keep(key.Value); err != nil {
		return fmt.Errorf("the key %s was made, but its value could not be kept: %w (delete it and make another)", key.ID, err)
	}
	if c.OutputFile != "" {
		return c.print(std.out, key.AdminAPIKey, adminKeyTable([]api.AdminAPIKey{key.AdminAPIKey}))
	}
	return c.print(std.out, key, adminKeyTable([]api.AdminAPIKey{key.AdminAPIKey})+
		"\nIts value, which is shown only now:\n\n  "+key.Value+"\n\n")
}

type adminKeysDeleteCmd struct {
	connectFlags

	ID string `arg:"" help:"Id of the key: key_..."`
}

// Help is shown by keyreeve admin-keys delete --help.
func (adminKeysDeleteCmd) Help() string {
	return `When the command returns, the key is refused. The last usable admin key cannot be deleted: make another first.`
}

func (c *adminKeysDeleteCmd) Run(ctx context.Context, std streams) error {
	cl, err := c.client(std)
	if err != nil {
		return err
	}
	deleted, err := cl.AdminAPIKeys.Delete(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.print(std.out, deleted, "Deleted "+deleted.ID+". It is refused from now on.\n")
}

// adminKeyTable lays keys out for a terminal.
func adminKeyTable(keys []api.AdminAPIKey) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tKEY\tOWNER\tCREATED\tEXPIRES\tLAST USED")
	for _, k := range keys {
		name := ""
		if k.Name != nil {
			name = *k.Name
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, oneLine(name), k.RedactedValue, oneLine(k.Owner.Name),
			formatTime(&k.CreatedAt), formatTime(k.ExpiresAt), formatTime(k.LastUsedAt))
	}
	_ = w.Flush() // a Builder takes all
	return b.String()
}
