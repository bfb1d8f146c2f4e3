package secretscan

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// places are the lines in which keys leak. KEY stands for the key.
var places = []struct{ file, line string }{
	{".env", `KEYREEVE_ADMIN_KEY=KEY`},
	{".env", `export OPENAI_API_KEY='KEY' # production`},
	{".env", `A_KEY=KEY;B=1`},
	{"settings.json", `{"api_key":"KEY","retries":2}`},
	{"settings.json", `"headers": {"Authorization": "Bearer KEY"},`},
	{"settings.json", `{"env":"FIRST=1\nKEY\nLAST=2"}`},
	{"settings.json", `{"quoted":"{\"key\":\"KEY\"}"}`},
	{"compose.yaml", `      OPENAI_API_KEY: KEY`},
	{"compose.yaml", `    - "--api-key=KEY"`},
	{"compose.yaml", `    keys: [KEY, other]`},
	{"main.go", `	c := openai.NewClient(option.WithAPIKey("KEY"))`},
	{"main.go", "const key = `KEY`"},
	{"main.go", `// KEY.`},
	{"app.py", `client = OpenAI(api_key="KEY")`},
	{"app.py", `keys = ("KEY","other")`},
	{"run.sh", `curl -H "Authorization: Bearer KEY" https://keys.example.com/v1/organization/users`},
	{"run.sh", `curl -uKEY: https://keys.example.com/v1/models | jq .`},
	{"run.sh", `curl https://user:KEY@keys.example.com/v1/models`},
	{"run.sh", `curl 'https://example.com/?key=KEY&limit=2'`},
	{"run.sh", `open https://example.com/login?next=%2Fkeys%3Fkey%3DKEY%26limit%3D2`},
	{"run.sh", `echo KEY>/tmp/key`},
	{"access.log", `10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GET /v1/models/KEY HTTP/1.1" 404 12`},
	{"access.log", `level=error msg="refused" header="Bearer KEY" time=1`},
	{"keys.txt", `KEY`},
	{"keys.txt", `KEY and others`},
	{"page.html", `<!--KEY-->`},
	{"page.html", `<code>KEY</code>`},
	{"page.html", `data-key=&quot;KEY&quot;`},
	{"notes.md", "The key is `KEY`, do not share it."},
	{"notes.md", `(KEY) "KEY" [KEY](https://example.com)`},
	{"keys.csv", `ada,KEY,2026-11-21`},
}

// writeTexts puts each value into the next of the places and returns the
// directory of the files. A file holds few lines, so that no scanner cuts it
// in the middle of one.
func writeTexts(t *testing.T, values []string) (dir string) {
	t.Helper()
	const each = 310 // values in a directory
	dir = t.TempDir()
	for n := 0; n*each < len(values); n++ {
		files := map[string]*strings.Builder{}
		for i, value := range values[n*each : min((n+1)*each, len(values))] {
			place := places[i%len(places)]
			text := files[place.file]
			if text == nil {
				text = new(strings.Builder)
				files[place.file] = text
			}
			fmt.Fprintln(text, strings.ReplaceAll(place.line, "KEY", value))
		}
		for name, text := range files {
			path := filepath.Join(dir, fmt.Sprint(n), name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			// The last line of a file may well lack its line break.
			if err := os.WriteFile(path, []byte(strings.TrimSuffix(text.String(), "\n")), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}
