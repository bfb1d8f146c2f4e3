package housetest

import (
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const module = "github.com/keyreeve/keyreeve/"

// rule says what one package may import. A package without a rule fails the
// test: decide its place first. A rule may stand before its package.
type rule struct {
	pkg    string
	may    []string // packages of this module that it may import; * is all
	never  []string // packages that must not even be reached through others
	direct []string // packages that it must not import itself
	why    string
}

var (
	transport = []string{"net/http"}
	storage   = []string{"database/sql", module + "internal/sqlstore"}
	// impure are the ways out of a function of its arguments.
	impure = []string{"os", "time", "net", "context"}
)

var rules = []rule{
	{
		pkg: "api", never: []string{"third party"},
		why: "the wire types are public and for everybody: they bring nothing along",
	},
	{
		pkg: "client", may: []string{"api"}, never: storage,
		why: "the client works against OpenAI too and knows of a server only what is on the wire",
	},
	{
		pkg: "keyreevetest", may: []string{"api", "client", "internal/server"},
		why: "the public test kit runs the real server and hands out the real client",
	},
	{
		pkg: "openapi", direct: impure,
		why: "the contract is data",
	},
	{
		pkg: "cmd/keyreeve", may: []string{"api", "client", "internal/auditkey", "internal/fleet", "internal/keyfile", "internal/server", "internal/org", "internal/sqlstore", "internal/token"},
		never: []string{"testing"},
		why:   "a command is a client, starts the server, or works on the database when no server can; what tests need stays out of the binary",
	},
	{
		pkg: "internal/token", never: slices.Concat(transport, storage), direct: impure,
		why: "key strings are a pure matter: no I/O, no clock",
	},
	{
		pkg: "internal/echo", may: []string{"internal/token"}, never: slices.Concat(transport, storage), direct: impure,
		why: "what a message may show of a request is a pure matter too",
	},
	{
		pkg: "internal/keyfile", may: []string{"internal/token"}, never: slices.Concat(transport, storage),
		why: "a file for a value knows nothing of who made it",
	},
	{
		pkg: "internal/apierror", may: []string{"api", "internal/echo", "internal/token"}, never: slices.Concat(transport, storage), direct: impure,
		why: "the API and the gateways refuse a key in the same words",
	},
	{
		pkg: "internal/org", may: []string{"internal/token", "internal/echo"},
		never: slices.Concat(transport, storage, []string{module + "api"}),
		why:   "the domain knows no wire format, no protocol and no engine, so that each can change without it",
	},
	{
		pkg: "internal/plant", direct: []string{"net", "context"},
		why: "a planted bug is a name",
	},
	{
		pkg: "internal/fleet", may: []string{"internal/plant", "internal/verify"},
		never: slices.Concat(transport, storage, []string{module + "internal/org"}),
		why:   "the protocol between replicas is judged by its model, which must not need a database",
	},
	{
		pkg: "internal/sqlstore", may: []string{"internal/fleet", "internal/org", "internal/token", "internal/verify"},
		never: []string{module + "api", module + "internal/httpapi"},
		why:   "storage implements what the domain asks for and serves nobody else",
	},
	{
		pkg: "internal/sqlstore/storetest", may: []string{"internal/org", "internal/token", "internal/sqlstore", "internal/pgtest"},
		why: "one suite holds every engine to the same behaviour",
	},
	{
		pkg: "internal/sqlstore/faulty", direct: []string{"net/http", "os"},
		why: "faults stand between database/sql and a driver, and know neither",
	},
	{
		pkg: "internal/catalogue", may: []string{"internal/org"}, never: slices.Concat(transport, storage),
		why: "it reads one file into a type of the domain's",
	},
	{
		pkg: "internal/auditkey", never: slices.Concat(storage),
		why: "it reads keys from files, for the server and for the commands",
	},
	{
		pkg: "internal/limit", never: slices.Concat(transport, storage), direct: []string{"os", "net", "context"},
		why: "a rate limit is arithmetic over a table in memory",
	},
	{
		pkg: "internal/verify", may: []string{"internal/token", "internal/limit", "internal/plant"},
		never: slices.Concat(transport, storage, []string{module + "internal/org", module + "api"}),
		why:   "the hot path must not be able to reach a database or wait for anything",
	},
	{
		pkg: "internal/gateway", may: []string{"api", "internal/apierror", "internal/token", "internal/lane", "internal/limit", "internal/verify"},
		never: slices.Concat(storage, []string{module + "internal/org"}),
		why:   "a gateway adapter translates one decision and makes none",
	},
	{
		pkg: "internal/lane", never: slices.Concat(transport, storage),
		why: "it moves bytes between sockets and a handler, and knows neither HTTP nor keys",
	},
	{
		pkg: "internal/httpapi", may: []string{"api", "internal/apierror", "internal/org", "internal/token", "internal/echo"}, never: storage,
		why: "handlers reach storage through the domain, where every change is authorised and logged",
	},
	{
		pkg: "internal/console", may: []string{"internal/echo", "internal/org", "internal/token"},
		never: slices.Concat(storage, []string{module + "internal/oidc", "golang.org/x/oauth2"}),
		why:   "pages change things the same way as the API does, and know no protocol of signing in",
	},
	{
		pkg: "internal/oidc", may: []string{"internal/echo"}, never: slices.Concat(storage, []string{module + "internal/org"}),
		why: "a provider tells who somebody is; what a user may do is for the domain to know",
	},
	{
		pkg: "internal/oidc/oidctest", never: slices.Concat(storage, []string{module + "internal/oidc", "golang.org/x/oauth2"}),
		why: "the provider of the tests must not share the mistakes of the client",
	},
	{
		pkg: "internal/server", may: []string{"*"}, never: []string{"testing", module + "client"},
		why: "the one place where the parts meet",
	},
	{pkg: "internal/contracttest", may: []string{"openapi"}, why: "the contract judges the code and must not lean on it"},
	{pkg: "internal/crashtest", why: "it has tests only, which run the program from outside"},
	{pkg: "internal/historytest", never: storage, why: "it judges what clients saw, and knows nothing of how it came about"},
	{pkg: "internal/modeltest", why: "it has tests only, which administer a server at random and hold it to a model"},
	{pkg: "internal/readmetest", why: "it has tests only, which do what a reader would"},
	{pkg: "internal/recipetest", why: "it has tests only, which put real gateways before a server"},
	{pkg: "internal/pgtest", why: "a database for tests knows nothing of what is stored in it"},
	{pkg: "internal/housetest", why: "rules depend on nothing"},
}

// listed is what `go list` says of a package. Test files are not part of it:
// they may import what they like.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	all := list(t)
	for path, pkg := range all {
		name, ours := strings.CutPrefix(path, module)
		if !ours {
			continue
		}
		i := slices.IndexFunc(rules, func(r rule) bool { return r.pkg == name })
		if i < 0 {
			t.Errorf("%s has no rule: add one to this table", name)
			continue
		}
		for _, problem := range rules[i].problems(pkg, all) {
			t.Errorf("%s %s, because %s", name, problem, rules[i].why)
		}
	}
}

// problems says how pkg breaks the rule.
func (r rule) problems(pkg listed, all map[string]listed) (problems []string) {
	for _, path := range pkg.Imports {
		name, ours := strings.CutPrefix(path, module)
		if ours && !slices.Contains(r.may, name) && !slices.Contains(r.may, "*") {
			problems = append(problems, "must not import "+name)
		}
		if slices.Contains(r.direct, path) {
			problems = append(problems, "must not import "+path+" itself")
		}
	}
	for _, path := range pkg.Deps {
		third := !all[path].Standard && !strings.HasPrefix(path, module)
		if slices.Contains(r.never, path) || third && slices.Contains(r.never, "third party") {
			problems = append(problems, "must never reach "+path)
		}
	}
	return problems
}

// list returns the packages of the module and all they are built from.
func list(t *testing.T) map[string]listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-json=ImportPath,Standard,Imports,Deps", "./...")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := make(map[string]listed)
	for decoder := jsontext.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg listed
		if err := json.UnmarshalDecode(decoder, &pkg); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[pkg.ImportPath] = pkg
	}
}

func TestABrokenRuleIsSeen(t *testing.T) {
	t.Parallel()
	all := map[string]listed{"net/http": {Standard: true}, "os": {Standard: true}, "example.org/x": {}}
	r := rule{may: []string{"api"}, never: []string{"net/http", "third party"}, direct: []string{"os"}}
	for _, tt := range []struct {
		name string
		pkg  listed
		want string
	}{
		{"allowed", listed{Imports: []string{module + "api"}, Deps: []string{module + "api", "os"}}, ""},
		{"another arrow", listed{Imports: []string{module + "client"}}, "must not import client"},
		{"direct", listed{Imports: []string{"os"}}, "must not import os itself"},
		{"through another", listed{Deps: []string{"net/http"}}, "must never reach net/http"},
		{"a requirement", listed{Deps: []string{"example.org/x"}}, "must never reach example.org/x"},
	} {
		if got := strings.Join(r.problems(tt.pkg, all), "; "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
