package recipetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/client"
	"github.com/keyreeve/keyreeve/internal/server"
)

// recipe is one gateway with its files, the first of which is its
// configuration.
type recipe struct {
	name    string
	command string
	files   []string
	args    func(dir, config string) []string
}

var recipes = []recipe{
	{name: "nginx", command: "nginx", files: []string{"nginx.conf"}, args: func(dir, config string) []string {
		return []string{"-p", dir, "-c", config, "-g", "daemon off; pid " + filepath.Join(dir, "nginx.pid") + ";"}
	}},
	{name: "Caddy", command: "caddy", files: []string{"Caddyfile"}, args: func(_, config string) []string {
		return []string{"run", "--config", config, "--adapter", "caddyfile"}
	}},
	{name: "HAProxy", command: "haproxy", files: []string{"haproxy.cfg", "keyreeve.lua"}, args: func(_, config string) []string {
		return []string{"-db", "-f", config}
	}},
}

// The addresses in the recipes' files.
const (
	clientsAddress  = "127.0.0.1:8000"
	keyreeveAddress = "127.0.0.1:8081"
	modelsAddress   = "127.0.0.1:8001"
)

// world is a gateway with a Keyreeve beside it and a model server behind it.
type world struct {
	url      string // of the gateway
	keyreeve *server.Server
	client   *client.Client
	adminKey string
	models   *models

	project, projectKey string
	output              *output // of the gateway
}

func newWorld(t *testing.T, r recipe) *world {
	t.Helper()
	path, err := exec.LookPath(r.command)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is required in CI: %v", r.name, err)
		}
		t.Skipf("%s is not installed: %v", r.name, err)
	}
	w := &world{models: newModels(t), output: new(output)}
	w.startKeyreeve(t)
	w.startGateway(t, r, path)
	return w
}

func (w *world) startKeyreeve(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "key")
	s, err := server.Start(t.Context(), server.Config{
		Listen: "127.0.0.1:0", GatewayListen: "127.0.0.1:0",
		Database:  filepath.Join(dir, "keyreeve.db"),
		OwnerName: "Owner", OwnerEmail: "owner@example.com", BootstrapKeyFile: keyFile,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) }) // a test may have stopped it
	key, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	w.keyreeve, w.adminKey = s, strings.TrimSpace(string(key))
	if w.client, err = client.New(s.URL()+"/v1", w.adminKey); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.CloseIdleConnections)
	w.project = w.newProject(t)
	w.projectKey = w.newMemberKey(t, w.project, w.owner(t)).Value
}

func (w *world) startGateway(t *testing.T, r recipe, path string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil { // nginx's workers have no rights
		t.Fatal(err)
	}
	address := freeAddress(t)
	replace := strings.NewReplacer(
		clientsAddress, address,
		keyreeveAddress, w.keyreeve.GatewayAddr(),
		modelsAddress, w.models.address(),
	)
	for _, name := range r.files {
		text, err := os.ReadFile(filepath.Join("../../docs/gateways", name))
		if err != nil {
			t.Fatal(err)
		}
		if name == r.files[0] {
			if !bytes.Contains(text, []byte(clientsAddress)) {
				t.Fatalf("%s does not listen at %s", name, clientsAddress)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(replace.Replace(string(text))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(path, r.args(dir, filepath.Join(dir, r.files[0]))...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	cmd.Stdout, cmd.Stderr = w.output, w.output
	// It ends with the test process, however that ends.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	w.url = "http://" + address
	for range 200 {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("%s does not listen at %s; it printed:\n%s", r.name, address, w.output)
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

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
}

// get sends a request through the gateway. Headers come in pairs; one given
// twice is sent twice.
func (w *world) get(t *testing.T, path string, headers ...string) answer {
	t.Helper()
	a, err := w.try(t.Context(), path, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *world) try(ctx context.Context, path string, headers ...string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+path, strings.NewReader(`{"model":"m"}`))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(body)}, err
}

// models is an OpenAI-compatible server that remembers what reached it.
type models struct {
	*httptest.Server
	mu   sync.Mutex
	seen []http.Header
}

func newModels(t *testing.T) *models {
	m := new(models)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		m.note(r.Header)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"object":"chat.completion"}`)
	})
	// One event at once, the other when the client has seen the first.
	mux.HandleFunc("/v1/stream", func(w http.ResponseWriter, r *http.Request) {
		m.note(r.Header)
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: one\n\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(2 * time.Second):
			fmt.Fprint(w, "data: two\n\n")
		}
	})
	m.Server = httptest.NewServer(mux)
	t.Cleanup(m.Close)
	return m
}

func (m *models) address() string { return m.Listener.Addr().String() }

func (m *models) note(h http.Header) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, h.Clone())
}

// take returns what arrived since the last call.
func (m *models) take() []http.Header {
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := m.seen
	m.seen = nil
	return seen
}

// output is what a process prints, read while it runs.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
