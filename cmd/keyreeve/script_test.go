package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keyreeve/keyreeve/internal/pgtest"
)

// The scripts under testdata/script show every command at work. Each runs in a
// directory of its own, with a port of its own. Beside the commands of
// testscript they use those of script_commands_test.go.

func TestScripts(t *testing.T) {
	t.Parallel()
	runScripts(t, "testdata/script", nil)
}

// TestPostgresScripts runs the scripts that want a PostgreSQL, which they find
// in $KEYREEVE_DATABASE.
func TestPostgresScripts(t *testing.T) {
	t.Parallel()
	runScripts(t, "testdata/script/postgres", func(env *testscript.Env) error {
		env.Setenv("KEYREEVE_DATABASE", pgtest.DSN(t))
		return nil
	})
}

func runScripts(t *testing.T, dir string, more func(*testscript.Env) error) {
	requireCurl(t)
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			env.Setenv("KEYREEVE_LISTEN", "127.0.0.1:0")
			env.Values[serversKey{}] = map[string]*running{}
			if more == nil {
				return nil
			}
			return more(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": start, "stop": stop, "kill": kill, "usekey": useKey, "capture": capture,
			"mode": mode, "sql": sqlStatement, "curlfrom": curlFrom,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// requireCurl makes sure that CI runs the printed curl line. A laptop without
// curl has it sent by Go.
func requireCurl(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("curl is required in CI: %v", err)
	}
}

// TestEveryCommandHasAScript keeps the scripts complete as documentation.
func TestEveryCommandHasAScript(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range parser.Model.Children {
		name := strings.ReplaceAll(command.Name, "-", "_")
		if found, _ := filepath.Glob("testdata/script/*" + name + "*.txt"); len(found) == 0 {
			t.Errorf("no script in testdata/script is named after %s", name)
		}
	}
}
