package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/keyreeve/keyreeve/internal/fleet"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// idleCount is how many replicas do nothing but keep their leases.
const idleCount = 100

// idleFor is how long they are watched at a time.
const idleFor = 10 * time.Second

// idleReplicas measures PostgreSQL's processor time under members of a fleet
// that have no index and no clients: heartbeats, looks at each other and the
// connections on which they wait for the log to move.
func (b *bench) idleReplicas(e *engine) (err error) {
	url := e.newURL("idle")
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	var stores []*sqlstore.Store
	defer func() {
		cancel()
		running.Wait()
		for _, s := range stores {
			err = errors.Join(err, s.Close())
		}
	}()
	start := time.Now()
	logger := slog.New(slog.DiscardHandler)
	for i := range idleCount {
		store, err := sqlstore.Open(ctx, sqlstore.Config{Database: url, Logger: logger, Now: time.Now})
		if err != nil {
			return err
		}
		stores = append(stores, store)
		idle := &idleLog{}
		member := fleet.New(fleet.Config{
			Store: store.Replicas(), Log: idle, Index: idle, Logger: logger,
			Terms: verify.Terms{Lease: time.Duration(fleetLease * float64(time.Second))},
			Self:  fleet.Replica{Address: fmt.Sprintf("10.0.0.%d:8080", i), Version: "bench", StartedAt: start.UnixMilli()},
			Now: func() verify.Instant {
				now := time.Now()
				return verify.Instant{Wall: time.Duration(now.UnixNano()), Monotonic: now.Sub(start)}
			},
		})
		if err := member.Start(ctx); err != nil {
			return err
		}
		running.Go(func() { member.Run(ctx) })
		running.Go(func() { store.Listen(ctx, member.Wake) })
	}
	db, err := e.open(url)
	if err != nil {
		return err
	}
	defer db.Close()
	postmaster, err := postmasterOf(db)
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // those that came last are done with starting
	var shares []float64
	for range min(b.rounds, 3) {
		before, err := familyTime(postmaster)
		if err != nil {
			return err
		}
		began := time.Now()
		time.Sleep(idleFor)
		after, err := familyTime(postmaster)
		if err != nil {
			return err
		}
		shares = append(shares, 100*(after-before).Seconds()/time.Since(began).Seconds())
	}
	b.report.atMost("fleet: % of a core that PostgreSQL takes for 100 idle replicas", mostIdle, shares, "lease 2 s")
	return nil
}

// postmasterOf returns the process that a database's sessions are children of.
func postmasterOf(db *sql.DB) (pid int, err error) {
	var session int
	if err := db.QueryRow(`SELECT pg_backend_pid()`).Scan(&session); err != nil {
		return 0, err
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", session))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return strconv.Atoi(strings.Fields(rest)[1])
}

// familyTime is the processor time of a process and its children that live.
func familyTime(pid int) (sum time.Duration, err error) {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return 0, err
	}
	pids := []string{strconv.Itoa(pid)}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			return 0, err
		}
		pids = append(pids, strings.Fields(string(text))...)
	}
	for _, text := range pids {
		one, err := strconv.Atoi(text)
		if err != nil {
			return 0, err
		}
		took, err := processorTime(one)
		if err != nil {
			continue // it has just ended
		}
		sum += took
	}
	return sum, nil
}

// idleLog is the log and the index of a replica that applies what it is told of
// without looking.
type idleLog struct {
	mu sync.Mutex
	at verify.Position
}

func (l *idleLog) At() verify.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at
}

func (l *idleLog) Follow(_ context.Context, _, head verify.Position) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at = head
	return nil
}

func (*idleLog) Load(context.Context) error       { return nil }
func (*idleLog) Ready() bool                      { return true }
func (*idleLog) Grant(verify.Instant, int64) bool { return true }
func (*idleLog) Has(verify.Position) bool         { return true }
func (*idleLog) DropLease()                       {}
func (*idleLog) LeaseState() verify.LeaseState    { return verify.LeaseHeld }
func (*idleLog) Reset()                           {}
