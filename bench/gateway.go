package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// gatewayConnections is how many connections the limits speak of.
const gatewayConnections = 32

const authPath = "/gateway/auth"

// gateway measures what a gateway waits for: the decision alone, both
// listeners, nginx in front, and all of it beside a flood of junk. Of
// PostgreSQL it measures that a flood does not reach the database.
func (b *bench) gateway(e *engine) error {
	if e.name == postgres {
		return b.floodDatabase(e)
	}
	p, err := b.mint(b.keys)
	if err != nil {
		return err
	}
	if err := b.decide(p); err != nil {
		return err
	}
	url, err := b.seedGateway(e, p)
	if err != nil {
		return err
	}
	fast, err := freeAddress()
	if err != nil {
		return err
	}
	s, err := b.serve(url, b.gatewayDir(e), "--gateway-listen", fast)
	if err != nil {
		return err
	}
	bare, err := b.startBare("http://"+fast+authPath, string(p.keys[:p.width]))
	if err != nil {
		return err
	}
	defer bare.stop()
	g := &gatewayBench{bench: b, population: p, server: s, fast: fast, bare: bare}
	for _, step := range []func() error{g.listeners, g.nginx, g.flood} {
		if err := step(); err != nil {
			return err
		}
	}
	return s.stop()
}

func (b *bench) gatewayDir(e *engine) string { return filepath.Join(b.dir, e.name+"-gateway") }

// gatewayBench is what the gateway figures share.
type gatewayBench struct {
	*bench
	*population
	server *server
	fast   string // address of its gateway listener
	bare   *bare
}

// bare is the handler of directory bare in a process of its own.
type bare struct {
	address string
	cmd     *exec.Cmd
}

// startBare builds and starts it with the very headers by which url answers a
// good key.
func (b *bench) startBare(url, key string) (*bare, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if err := answer.Body.Close(); err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers a good key with %s", url, answer.Status)
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(b.dir, "bare")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "./bare").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the bare handler: %w\n%s", err, out)
	}
	args := []string{"-listen", address}
	for name, values := range answer.Header {
		if name != "Date" { // net/http adds it itself
			args = append(args, name+"="+strings.Join(values, ", "))
		}
	}
	slices.Sort(args[2:])
	s := &bare{address: address, cmd: exec.Command(binary, args...)}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	return s, waitFor("http://"+address+"/", time.Second)
}

func (s *bare) stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// waitFor waits until something answers at url, whatever it says.
func waitFor(url string, limit time.Duration) (err error) {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		var answer *http.Response
		if answer, err = http.Get(url); err == nil {
			return answer.Body.Close()
		}
	}
	return fmt.Errorf("nothing answers: %w", err)
}
