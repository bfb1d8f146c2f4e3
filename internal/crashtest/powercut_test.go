package crashtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
)

// A power cut takes what was written and not synced. So every commit is synced
// before it is acknowledged, which the system calls of the server show.

const tracedCreations = 40

func TestEveryCommitIsSyncedBeforeItsAnswer(t *testing.T) {
	t.Parallel()
	acknowledged, early := trace(t, "")
	if acknowledged != tracedCreations || len(early) > 0 {
		t.Errorf("%d of %d answers in the trace; too early: %q", acknowledged, tracedCreations, early)
	}
}

// Settings that leave the sync to later must not pass.
func TestMissingSyncIsCaught(t *testing.T) {
	t.Parallel()
	for _, plant := range []string{plantNormal, plantOff} {
		t.Run("synchronous="+plant, func(t *testing.T) {
			t.Parallel()
			acknowledged, early := trace(t, plant)
			if acknowledged != tracedCreations || len(early) == 0 {
				t.Errorf("%d of %d answers in the trace, none of them too early", acknowledged, tracedCreations)
			}
		})
	}
}

// trace creates keys one after the other and looks at the system calls.
func trace(t *testing.T, plant string) (acknowledged int, early []string) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("strace is required in CI: %v", err)
	} else if err != nil {
		t.Skipf("skipped without strace: %v", err)
	}
	h := newHost(t, "")
	h.plant = plant
	file := filepath.Join(h.dir, "trace")
	h.prefix = []string{strace, "-f", "-y", "-s", "40", "-e", "signal=none", "-e", "trace=write,pwrite64,fsync,fdatasync", "-o", file}
	p := h.start(t)
	admin := p.admin(t)
	for n := range tracedCreations {
		if _, err := admin.AdminAPIKeys.Create(t.Context(), api.AdminAPIKeyCreateRequest{Name: fmt.Sprint("traced ", n)}); err != nil {
			t.Fatal(err)
		}
	}
	h.terminate(t)
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the traced server ended with %v", err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	acknowledged, early, err = unsynced(f)
	if err != nil {
		t.Fatal(err)
	}
	return acknowledged, early
}

// terminate stops the server itself, which is a child of strace. Its process
// id stands in the lock file.
func (h *host) terminate(t *testing.T) {
	t.Helper()
	holder, err := os.ReadFile(h.database + ".lock")
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscanf(string(holder), "process %d", &pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

func TestUnsyncedReadsTraces(t *testing.T) {
	t.Parallel()
	const (
		write  = `8 pwrite64(11</d/k.db-wal>, "\0"..., 24, 1) = 24` + "\n"
		sync   = `8 fsync(11</d/k.db-wal>) = 0` + "\n"
		answer = `9 write(15<socket:[1]>, "HTTP/1.1 200 OK\r\nCache-Control: "..., 746) = 746` + "\n"
		syncA  = `8 fsync(11</d/k.db-wal> <unfinished ...>` + "\n"
		syncB  = `8 <... fsync resumed>) = 0` + "\n"
	)
	for name, tc := range map[string]struct {
		trace        string
		acknowledged int
		early        int
	}{
		"synced before":              {write + sync + answer, 1, 0},
		"synced by another thread":   {write + syncA + syncB + answer, 1, 0},
		"written again after":        {write + sync + write + answer, 1, 1},
		"never synced":               {write + answer, 1, 1},
		"synced after":               {write + answer + sync, 1, 1},
		"answered while it is":       {write + syncA + answer + syncB, 1, 1},
		"the sync failed":            {write + strings.Replace(sync, "= 0", "= -1 EIO (Input/output error)", 1) + answer, 1, 1},
		"another file was synced":    {write + strings.Replace(sync, "-wal", "", 1) + answer, 1, 1},
		"nothing was written":        {sync + answer, 1, 1},
		"the sync of the one before": {write + sync + answer + write + answer, 2, 1},
		"another answer":             {strings.Replace(answer, "200 OK", "503 Se", 1), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acknowledged, early, err := unsynced(strings.NewReader(tc.trace))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]int{tc.acknowledged, tc.early}, []int{acknowledged, len(early)}); diff != "" {
				t.Errorf("acknowledged and early, -want +got:\n%s", diff)
			}
		})
	}
}
