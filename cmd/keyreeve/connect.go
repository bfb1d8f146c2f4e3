package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/keyreeve/keyreeve/client"
)

// serverFlags say which server is asked, and how its answer is shown.
type serverFlags struct {
	URL string `name:"url" default:"http://127.0.0.1:8080/v1" env:"KEYREEVE_URL" placeholder:"URL" help:"Base URL of the server, ending in /v1; it may be OpenAI's own (${env}; default: ${default})."`
	formFlags
}

// formFlags say how an answer is shown.
type formFlags struct {
	JSON  bool `name:"json" xor:"form" help:"Print JSON: the API's own objects. Standard where the output is not a terminal."`
	Table bool `name:"table" xor:"form" help:"Print a table. Standard on a terminal."`
}

// connectFlags say which server is asked, and as whom. The key is never an
// argument: those are seen by every user of the machine.
type connectFlags struct {
	serverFlags

	KeyFile string `env:"KEYREEVE_ADMIN_KEY_FILE" placeholder:"FILE" help:"File that holds the admin key to use, or - for standard input (${env}). Without it KEYREEVE_ADMIN_KEY holds the key itself."`
}

// projectFlags are connectFlags of what belongs to one project.
type projectFlags struct {
	connectFlags

	Project string `required:"" env:"KEYREEVE_PROJECT" placeholder:"ID" help:"Id of the project: proj_... (${env})."`
}

// pageFlags say which part of a list is shown.
type pageFlags struct {
	After string `placeholder:"ID" help:"Begin after this one."`
	Limit int    `placeholder:"N" help:"At most this many. Without it all are listed."`
}

func userAgent() client.Option { return client.WithUserAgent("keyreeve/" + buildVersion()) }

func (f connectFlags) client(std streams) (*client.Client, error) {
	key, err := f.key(std)
	if err != nil {
		return nil, err
	}
	cl, err := client.New(f.URL, key, userAgent())
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "new client: "))
	}
	return cl, nil
}

func (f connectFlags) key(std streams) (string, error) {
	if f.KeyFile == "" {
		key := strings.TrimSpace(os.Getenv("KEYREEVE_ADMIN_KEY"))
		if key == "" {
			return "", errors.New("no admin key: set KEYREEVE_ADMIN_KEY, or name a file that holds one with --key-file")
		}
		return key, nil
	}
	return readSecret("admin key", f.KeyFile, std)
}

// readSecret reads a secret from a file, or from standard input for "-".
func readSecret(what, file string, std streams) (string, error) {
	var text []byte
	var err error
	if file == "-" {
		text, err = io.ReadAll(io.LimitReader(std.in, 4096))
	} else {
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return "", fmt.Errorf("read the %s: %w", what, err)
	}
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return "", fmt.Errorf("the %s file %s is empty", what, file)
	}
	return string(text), nil
}

// one asks for one object and prints it.
func one[T any](std streams, f connectFlags, table func([]T) string, ask func(*client.Client) (*T, error)) error {
	cl, err := f.client(std)
	if err != nil {
		return err
	}
	object, err := ask(cl)
	if err != nil {
		return err
	}
	return f.print(std.out, object, table([]T{*object}))
}

// many asks for as much of a list as the flags say and prints it. All is given
// the size of a page.
func many[T any](std streams, f connectFlags, p pageFlags, table func([]T) string, all func(*client.Client, *int) iter.Seq2[T, error]) error {
	if p.Limit < 0 {
		return fmt.Errorf("--limit %d: give a positive number, or leave it out to list all", p.Limit)
	}
	cl, err := f.client(std)
	if err != nil {
		return err
	}
	var page *int
	if p.Limit > 0 {
		page = new(min(p.Limit, 100))
	}
	objects := []T{}
	for object, err := range all(cl, page) {
		if err != nil {
			return err
		}
		objects = append(objects, object)
		if len(objects) == p.Limit {
			break
		}
	}
	return f.print(std.out, objects, table(objects))
}

// remove deletes the object with an id and says what that means to a person.
func remove[T any](std streams, f connectFlags, id, meaning string, ask func(*client.Client) (*T, error)) error {
	cl, err := f.client(std)
	if err != nil {
		return err
	}
	deleted, err := ask(cl)
	if err != nil {
		return err
	}
	return f.print(std.out, deleted, "Deleted "+id+". "+meaning+"\n")
}
