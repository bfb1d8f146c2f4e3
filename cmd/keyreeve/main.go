// Command keyreeve serves, administers and looks after an organization's API
// keys. Run keyreeve --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the linker.
var version = "dev"

const description = `Keyreeve keeps an organization's API keys and speaks OpenAI's organization Administration API.

Start a server on an embedded database; the first start prints an admin key:

  keyreeve serve

Then administer it from another shell:

  export KEYREEVE_ADMIN_KEY=sk-admin-...
  keyreeve admin-keys create "deploy pipeline" --expires-in 720h
  keyreeve admin-keys list`

// cli is the whole command line: one struct declares each flag, its
// environment variable, its default and its help.
type cli struct {
	Serve           serveCmd           `cmd:"" help:"Run the server."`
	AdminKeys       adminKeysCmd       `cmd:"" help:"Administer organization admin API keys over the API."`
	Users           usersCmd           `cmd:"" help:"Administer the people of the organization over the API."`
	Invites         invitesCmd         `cmd:"" help:"Invite people to the organization over the API, and accept an invite."`
	Projects        projectsCmd        `cmd:"" help:"Administer projects over the API."`
	ProjectUsers    projectUsersCmd    `cmd:"" help:"Administer the members of a project over the API."`
	ServiceAccounts serviceAccountsCmd `cmd:"" help:"Administer the service accounts of a project over the API."`
	ProjectKeys     projectKeysCmd     `cmd:"" help:"Administer the keys of a project over the API."`
	RateLimits      rateLimitsCmd      `cmd:"" help:"Administer what projects may ask of models over the API."`
	Verify          verifyCmd          `cmd:"" help:"Say whether a key is good, and why not."`
	Replicas        replicasCmd        `cmd:"" help:"Show the replicas of a PostgreSQL database, and how far each has come."`
	Recover         recoverCmd         `cmd:"" help:"Make a new admin key on the host, when all others are lost."`
	Audit           auditCmd           `cmd:"" help:"Read the audit log, and check it."`
	Backup          backupCmd          `cmd:"" help:"Copy a SQLite database, also while a server uses it."`
	Restore         restoreCmd         `cmd:"" help:"Put a SQLite database back to a backup."`
	Completion      completionCmd      `cmd:"" help:"Print a completion script for a shell."`
	Version         versionCmd         `cmd:"" help:"Print the version."`
}

// streams are the process's standard files, so that tests can have their own.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run executes one command line. A failure is one line on standard error and
// status 1; a command line that makes no sense is status 2; a fault in a command
// whose status 1 is an answer is status 3.
func run(args []string, std streams) int {
	// A write beyond the limit on a file's size is an error like a full disk's,
	// not the end of the process.
	signal.Ignore(syscall.SIGXFSZ)
	// So is a write to a pipe that nobody reads: it is told what to do then.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	if len(args) == 0 {
		args = []string{"--help"}
	}
	var c cli
	exit := -1
	parser, err := kong.New(&c,
		kong.Name("keyreeve"), kong.Description(description),
		kong.Writers(std.out, std.err), kong.Exit(func(code int) { exit = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(std),
	)
	if err != nil {
		fmt.Fprintln(std.err, "keyreeve:", err)
		return 1
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 { // --help was printed
		return exit
	}
	if err != nil {
		fmt.Fprintf(std.err, "keyreeve: %v%s\nTry: %s --help\n", err, projectHint(err, args), furthest(err))
		return 2
	}
	if err := parsed.Run(parser); err != nil {
		fmt.Fprintln(std.err, "keyreeve:", err)
		if errors.As(err, new(undecidedError)) {
			return 3
		}
		return 1
	}
	return 0
}

// undecidedError is a fault that kept a command from telling yes from no.
type undecidedError struct{ error }

func (e undecidedError) Unwrap() error { return e.error }

// projectHint says how a project is named to whoever gave one as an argument.
func projectHint(err error, args []string) string {
	var parse *kong.ParseError
	if !errors.As(err, &parse) || parse.Context.Selected() == nil || !strings.Contains(err.Error(), "unexpected argument") {
		return ""
	}
	named := func(flag *kong.Flag) bool { return flag.Name == "project" }
	at := slices.IndexFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "proj_") })
	if at < 1 || args[at-1] == "--project" || !slices.ContainsFunc(parse.Context.Selected().Flags, named) {
		return ""
	}
	return "; name the project as --project " + args[at]
}

// furthest is the command that a command line got to before its mistake.
func furthest(err error) string {
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context.Selected() != nil {
		return parse.Context.Selected().FullPath()
	}
	return "keyreeve"
}
