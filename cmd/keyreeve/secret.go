package main

import (
	"cmp"
	"fmt"
	"time"

	"github.com/keyreeve/keyreeve/client"
	"github.com/keyreeve/keyreeve/internal/keyfile"
)

// secretFlags say where a secret goes that is shown once.
type secretFlags struct {
	OutputFile string `placeholder:"FILE" help:"Write the value to this new file, mode 0600, and show it nowhere else."`
}

// lifeFlags say how long a new key works.
type lifeFlags struct {
	ExpiresIn time.Duration `placeholder:"DURATION" help:"How long the key works, such as 720h; 1s to 8760h. Without it the key does not expire."`
}

// seconds is the life of the key for a request, nil if it does not end.
func (f lifeFlags) seconds() (*int64, error) {
	switch {
	case f.ExpiresIn == 0:
		return nil, nil
	case f.ExpiresIn < 0:
		return nil, fmt.Errorf("--expires-in %s: give a duration from 1s to 8760h", f.ExpiresIn)
	case f.ExpiresIn%time.Second != 0:
		return nil, fmt.Errorf("--expires-in %s: give whole seconds", f.ExpiresIn)
	}
	return new(int64(f.ExpiresIn / time.Second)), nil
}

// newKeyFlags are those of a command that makes a key.
type newKeyFlags struct {
	lifeFlags
	secretFlags
}

// issue makes a key that works for life seconds, nil if it does not end, and shows
// it. What is wrong with the command line is said before anybody is asked.
func (f newKeyFlags) issue(std streams, connect connectFlags, make func(cl *client.Client, life *int64) (secret, error)) error {
	life, err := f.seconds()
	if err != nil {
		return err
	}
	cl, err := connect.client(std)
	if err != nil {
		return err
	}
	return f.show(std, connect.serverFlags, func() (secret, error) { return make(cl, life) })
}

// secret is a new secret and what is shown of its making.
type secret struct {
	value string
	name  string // what it is; empty: value
	what  string // what holds it, for an error: "the key key_1"
	full  any    // for JSON, with the value
	bare  any    // for JSON, without it
	table string // without it
}

// show prints what make makes: with the secret, or without it where that goes to
// a file. The file comes first: a secret that has no place would be lost.
func (f secretFlags) show(std streams, form serverFlags, make func() (secret, error)) error {
	if f.OutputFile == "" {
		s, err := make()
		if err != nil {
			return err
		}
		if s.value == "" {
			return form.print(std.out, s.full, s.table)
		}
		return form.print(std.out, s.full, s.table+"\nIts "+cmp.Or(s.name, "value")+", which is shown only now:\n\n  "+s.value+"\n\n")
	}
	file, err := keyfile.Create(f.OutputFile)
	if err != nil {
		return err
	}
	defer file.Close()
	s, err := make()
	if err != nil {
		return err
	}
	if s.value == "" { // of an invite of OpenAI's
		return form.print(std.out, s.full, s.table)
	}
	if err := file.Keep(s.value); err != nil {
		return fmt.Errorf("%s was made, but its value could not be kept: %w (delete it and make another)", s.what, err)
	}
	return form.print(std.out, s.bare, s.table)
}
