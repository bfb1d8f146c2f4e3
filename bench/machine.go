package main

import (
	"bufio"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// describe notes what the figures depend on.
func (b *bench) describe() error {
	b.report.fact("Command", "`make bench`, "+time.Now().UTC().Format("2006-01-02 15:04 UTC"))
	b.report.fact("Machine", fmt.Sprintf("%d × %s, %s of memory, %s, load before the run %s", runtime.NumCPU(),
		lineOf("/proc/cpuinfo", "model name"), lineOf("/proc/meminfo", "MemTotal"), kernel(), loadAverage()))
	took, err := b.syncTime()
	if err != nil {
		return err
	}
	b.report.fact("Disk", fmt.Sprintf("writing 4 KiB and syncing them takes %d µs (median)", took.Microseconds()))
	info, err := buildinfo.ReadFile(b.binary)
	if err != nil {
		return fmt.Errorf("%w: run make build", err)
	}
	b.report.fact("Go", info.GoVersion)
	version, err := exec.Command(b.binary, "version").Output()
	if err != nil {
		return fmt.Errorf("%s version: %w", b.binary, err)
	}
	b.report.fact("Keyreeve", strings.Join(strings.Fields(string(version)), " "))
	return nil
}

// syncTime is what the disk adds to each transaction. Next to nothing means
// that the files lie in memory and no figure is one of durable writes.
func (b *bench) syncTime() (time.Duration, error) {
	f, err := os.Create(filepath.Join(b.dir, "sync"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var times []float64
	page := make([]byte, 4096)
	for range 200 {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return 0, err
		}
		times = append(times, float64(time.Since(began)))
	}
	took := time.Duration(median(times))
	if took < 20*time.Microsecond {
		return 0, fmt.Errorf("%s does not sync to a disk: name another directory with -dir", b.dir)
	}
	return took, nil
}

// build checks the binary and what it is made of.
func (b *bench) build() error {
	info, err := buildinfo.ReadFile(b.binary)
	if err != nil {
		return err
	}
	cgo := "1"
	for _, s := range info.Settings {
		if s.Key == "CGO_ENABLED" {
			cgo = s.Value
		}
	}
	stat, err := os.Stat(b.binary)
	if err != nil {
		return err
	}
	b.report.fact("Binary", fmt.Sprintf("%.1f MB, CGO_ENABLED=%s", megabytes(stat.Size()), cgo))
	if cgo != "0" {
		return fmt.Errorf("%s was not built with CGO_ENABLED=0", b.binary)
	}
	requirements, err := directRequirements()
	if err != nil {
		return err
	}
	var own, gateway, signIn []string
	for _, r := range requirements {
		switch {
		case slices.Contains(ofGateways, r):
			gateway = append(gateway, r)
		case slices.Contains(ofSignIn, r):
			signIn = append(signIn, r)
		default:
			own = append(own, r)
		}
	}
	b.report.fact("Direct requirements", strings.Join(own, ", "))
	b.report.fact("And of the gateway adapters", strings.Join(gateway, ", "))
	b.report.fact("And of signing in by OpenID Connect", strings.Join(signIn, ", "))
	b.report.atMost("direct requirements of the binary, without those of the gateway adapters and of signing in by OpenID Connect", 8, []float64{float64(len(own))}, "named above")
	return nil
}

// ofGateways are requirements that only the gateway adapters have: the calls of
// Linux for a lane, gRPC, and the messages of Envoy's ext_authz.
var ofGateways = []string{
	"golang.org/x/sys", "google.golang.org/grpc",
	"github.com/envoyproxy/go-control-plane/envoy", "google.golang.org/genproto/googleapis/rpc",
}

// ofSignIn are requirements that only the console's adapter to OpenID Connect has.
var ofSignIn = []string{"github.com/coreos/go-oidc/v3", "golang.org/x/oauth2"}

// directRequirements lists the modules from which packages of this project
// that are in the binary import.
func directRequirements() ([]string, error) {
	list := func(args ...string) ([]string, error) {
		cmd := exec.Command("go", append([]string{"list"}, args...)...)
		cmd.Dir = ".."
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		return strings.Fields(string(out)), nil
	}
	imports, err := list("-deps", "-f", `{{if .Module}}{{if .Module.Main}}{{range .Imports}}{{.}} {{end}}{{end}}{{end}}`, "./cmd/keyreeve")
	if err != nil {
		return nil, err
	}
	slices.Sort(imports)
	modules, err := list(append([]string{"-f", `{{if .Module}}{{if not .Module.Main}}{{.Module.Path}}{{end}}{{end}}`}, slices.Compact(imports)...)...)
	slices.Sort(modules)
	return slices.Compact(modules), err
}

func lineOf(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return "unknown " + name
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown " + name
}

func kernel() string {
	out, err := exec.Command("uname", "-sr").Output()
	if err != nil {
		return runtime.GOOS
	}
	return strings.TrimSpace(string(out))
}

func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	one, _, _ := strings.Cut(string(text), " ")
	return one
}
