package readmetest

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// step is a command of the README with the output that follows it.
type step struct{ command, output string }

// steps reads the console blocks.
func steps(t *testing.T) []step {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []step
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				out = append(out, step{command: strings.TrimSpace(command)})
			} else {
				out[len(out)-1].output += line
			}
		}
	}
	return out
}

// varying is what differs from run to run.
var varying = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`sk-admin-[0-9A-Za-z]{49}`), "KEY"},
	{regexp.MustCompile(`sk-admin\.\.\.[0-9A-Za-z]{3}`), "REDACTED"},
	{regexp.MustCompile(`\b(key|user|event)_[0-9A-Z]{26}`), "${1}_ID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`Date: .* GMT`), "Date: TIME"},
	{regexp.MustCompile(`Expires-At: \d+`), "Expires-At: TIME"},
	{regexp.MustCompile(`:[0-9a-f]{64}`), ":HASH"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDRESS"},
	{regexp.MustCompile(`[ \r]+\n`), "\n"},
}

func settle(s string) string {
	for _, v := range varying {
		s = v.pattern.ReplaceAllString(s, v.name)
	}
	return strings.TrimSpace(s)
}

func TestReadmeShowsWhatIsPrinted(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("curl is required in CI: ", err)
		}
		t.Skip("curl is not installed: ", err)
	}
	s := newShell(t)
	list := steps(t)
	if len(list) < 8 {
		t.Fatalf("the README has %d commands, fewer than it had", len(list))
	}
	for _, step := range list {
		got := s.run(t, step)
		if diff := cmp.Diff(settle(step.output), settle(got)); diff != "" {
			t.Errorf("$ %s\nREADME (-) and now (+):\n%s", step.command, diff)
		}
	}
}

// shell runs commands in a directory of its own. Ports and values of the README
// are replaced by those of this run.
type shell struct {
	dir     string
	replace []string // README's text, this run's text
	env     []string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "keyreeve"), "../../cmd/keyreeve")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	s := &shell{dir: dir, env: append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))}
	for _, address := range []string{"127.0.0.1:8080", "127.0.0.1:8081"} {
		s.replace = append(s.replace, address, freeAddress(t))
	}
	s.env = append(s.env, "KEYREEVE_URL=http://"+s.replace[1]+"/v1")
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (s *shell) run(t *testing.T, step step) string {
	t.Helper()
	command := strings.NewReplacer(s.replace...).Replace(step.command)
	switch {
	case strings.HasSuffix(command, "&"):
		return s.learn(step.output, s.serve(t, strings.TrimSuffix(command, "&")))
	case strings.HasPrefix(command, "export "):
		s.env = append(s.env, strings.TrimPrefix(command, "export "))
		return ""
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Dir, cmd.Env = s.dir, s.env
	out, _ := cmd.CombinedOutput() // some are meant to fail
	return s.learn(step.output, string(out))
}

// learn notes which key and id of this run stands for the README's.
func (s *shell) learn(readme, now string) string {
	for _, v := range varying[:3] {
		then, current := v.pattern.FindString(readme), v.pattern.FindString(now)
		if then != "" && current != "" {
			s.replace = append(s.replace, then, current)
		}
	}
	return now
}

// serve starts the server and returns what it printed by the time it is ready.
func (s *shell) serve(t *testing.T, command string) string {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	cmd := exec.Command("sh", "-c", "exec "+command)
	cmd.Dir, cmd.Env, cmd.Stdout = s.dir, s.env, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	for range 400 {
		resp, err := http.Get("http://" + s.replace[1] + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				text, err := os.ReadFile(out.Name()) // written before it was ready
				if err != nil {
					t.Fatal(err)
				}
				return string(text)
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatal("the server did not become ready")
	return ""
}
