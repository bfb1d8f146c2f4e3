// Command bench measures the figures of docs/benchmarks.md and prints them as
// Markdown. Each is a ratio of two things measured in turn in the same run, so
// that it says the same on a slow machine, or has a limit far from what any
// machine needs. It runs the built binary as users do, over HTTP; see load.go
// for the clients and seed.go for the million keys.
//
//	make bench
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// bench is one run.
type bench struct {
	binary  string
	dir     string        // removed at the end
	rounds  int           // how often each figure is measured
	slice   time.Duration // length of one measurement under load
	keys    int           // in the large database
	report  report
	running []*server
}

func main() {
	b := &bench{}
	flag.StringVar(&b.binary, "binary", filepath.Join("..", "bin", "keyreeve"), "the server to measure")
	flag.StringVar(&b.dir, "dir", os.TempDir(), "where databases are made; it must be on a real disk")
	flag.IntVar(&b.rounds, "rounds", 7, "how often each figure is measured")
	flag.DurationVar(&b.slice, "slice", 2*time.Second, "length of one measurement under load")
	flag.IntVar(&b.keys, "keys", 1_000_000, "keys in the large database")
	only := flag.String("only", "", "measure but some of creates, large, gateway, organization and fleet (default all)")
	engines := flag.String("engines", sqlite+","+postgres, "databases to measure")
	enforce := flag.Bool("enforce", false, "exit with status 1 if a limit is missed")
	update := flag.String("update", "", "put the result into this document, below its marker")
	flag.Parse()

	err := b.run(strings.Split(*engines, ","), *only)
	fmt.Print(b.report.String())
	if err == nil && *update != "" {
		err = b.report.update(*update)
	}
	if err == nil && *enforce && b.report.missed() > 0 {
		err = fmt.Errorf("%d limits were missed", b.report.missed())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(names []string, only string) (err error) {
	// The clients are one thread; the rest of this program should not compete
	// with the server either.
	runtime.GOMAXPROCS(1)
	if b.dir, err = os.MkdirTemp(b.dir, "keyreeve-bench"); err != nil {
		return err
	}
	// PostgreSQL may run as another user.
	defer func() { err = errors.Join(err, b.stopAll(), os.RemoveAll(b.dir)) }()
	if err := b.describe(); err != nil {
		return err
	}
	if err := b.build(); err != nil {
		return err
	}
	for _, name := range names {
		e, err := b.engine(name)
		if err != nil {
			return err
		}
		for _, step := range []struct {
			what string
			do   func(*engine) error
		}{
			{"creates", b.creates}, {"large", b.large}, {"gateway", b.gateway}, {"organization", b.organization}, {"fleet", b.fleet},
		} {
			if only != "" && !slices.Contains(strings.Split(only, ","), step.what) {
				continue
			}
			progress("%s: %s", e.title, step.what)
			if err := step.do(e); err != nil {
				return fmt.Errorf("%s: %s: %w", e.title, step.what, err)
			}
		}
		e.close()
	}
	return nil
}

func (b *bench) stopAll() (err error) {
	for _, s := range b.running {
		err = cmp.Or(err, s.stop())
	}
	return err
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s "+format+"\n", append([]any{time.Now().Format(time.TimeOnly)}, args...)...)
}
