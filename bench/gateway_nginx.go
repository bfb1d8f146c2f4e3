package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const leastNginx = 0.85

// The addresses in docs/gateways/nginx.conf.
const (
	recipeClients  = "127.0.0.1:8000"
	recipeKeyreeve = "127.0.0.1:8081"
	recipeModels   = "127.0.0.1:8001"
)

// nginx compares the recipe with Keyreeve behind auth_request, at the gateway
// listener as there, with the recipe and the bare handler behind it. All keys
// are good: for a refused one nginx would not ask the model server, which is
// less work.
func (g *gatewayBench) nginx() error {
	models, err := g.startModels()
	if err != nil {
		return err
	}
	defer models.stop()
	var sides []*side
	for _, behind := range []struct {
		name, address string
		pid           int
	}{
		{"keyreeve", g.fast, g.server.cmd.Process.Pid}, {"bare", g.bare.address, g.bare.cmd.Process.Pid},
	} {
		n, err := g.startRecipe(behind.name, behind.address, models.address)
		if err != nil {
			return err
		}
		defer n.stop()
		sides = append(sides, &side{url: "http://" + n.address + "/v1/models", pid: behind.pid})
	}
	if err := g.measure(g.good, sides...); err != nil {
		return err
	}
	g.report.atLeast("gateway: requests/s through nginx with Keyreeve behind auth_request ÷ with a bare net/http handler behind it",
		leastNginx, ratios(sides[0].rates, sides[1].rates), sides[0].detail(sides[1]))
	return nil
}

// nginx is a running nginx.
type nginx struct {
	address string
	cmd     *exec.Cmd
}

// startRecipe runs docs/gateways/nginx.conf between these addresses.
func (g *gatewayBench) startRecipe(name, keyreeve, models string) (*nginx, error) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "gateways", "nginx.conf"))
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	for _, replaced := range [][2]string{{recipeClients, address}, {recipeKeyreeve, keyreeve}, {recipeModels, models}} {
		old := []byte(replaced[0] + ";") // the file's comments name the addresses too
		if !bytes.Contains(text, old) {
			return nil, fmt.Errorf("nginx.conf has no address %s", replaced[0])
		}
		text = bytes.ReplaceAll(text, old, []byte(replaced[1]+";"))
	}
	// The population is of admin keys, which the recipe lets nowhere.
	const kinds = "&kind=project,service_account"
	if !bytes.Contains(text, []byte(kinds)) {
		return nil, fmt.Errorf("nginx.conf has no %s", kinds)
	}
	text = bytes.ReplaceAll(text, []byte(kinds), nil)
	return g.startNginx("nginx-"+name, address, text)
}

// startModels runs the fastest model server there is: it answers 200 at once.
func (g *gatewayBench) startModels() (*nginx, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return g.startNginx("nginx-models", address, fmt.Appendf(nil, `worker_processes 1;
error_log stderr warn;
events {}
http {
    access_log off;
    keepalive_requests 1000000;
    server {
        listen %s;
        default_type application/json;
        return 200 '{"object":"list","data":[]}';
    }
}
`, address))
}

func (g *gatewayBench) startNginx(name, address string, config []byte) (*nginx, error) {
	dir := filepath.Join(g.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, config, 0o644); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	n := &nginx{address: address, cmd: exec.Command("nginx", "-p", dir, "-c", file,
		"-g", "daemon off; pid "+filepath.Join(dir, "nginx.pid")+";")}
	n.cmd.Stderr = log // its access log goes to /dev/null
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	if err := waitFor("http://"+address+"/", 5*time.Second); err != nil {
		n.stop()
		said, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%w\n%s", err, strings.TrimSpace(string(said)))
	}
	return n, nil
}

func (n *nginx) stop() {
	_ = n.cmd.Process.Signal(syscall.SIGTERM)
	_ = n.cmd.Wait()
}
