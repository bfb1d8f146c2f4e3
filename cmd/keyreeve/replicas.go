package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/keyreeve/keyreeve/internal/fleet"
	"github.com/keyreeve/keyreeve/internal/sqlstore"
)

type replicasCmd struct {
	databaseFlag
	formFlags
}

// Help is shown by keyreeve replicas --help.
func (replicasCmd) Help() string {
	return `It reads the database itself, beside the replicas, and needs no key. A replica counts as alive when it sends a heartbeat ` +
		`while the command looks, which takes as long as a lease. LAG is how many revisions of the log its index does not show yet. ` +
		`A silent replica answers nothing once its lease is over; the others remove its row after three times that.`
}

// replicasReport is what is printed. Times are Unix milliseconds.
type replicasReport struct {
	Revision int64           `json:"revision"` // of the log's head
	LeaseMS  int64           `json:"lease_ms"`
	GraceMS  int64           `json:"grace_ms"`
	Replicas []replicaReport `json:"replicas"`
}

type replicaReport struct {
	ID        string `json:"id"`
	Address   string `json:"address"`
	Version   string `json:"version"`
	StartedAt int64  `json:"started_at"`
	SeenAt    int64  `json:"seen_at"` // last heartbeat, by the replica's own clock
	Alive     bool   `json:"alive"`
	Applied   int64  `json:"applied"`
	Lag       int64  `json:"lag"`
}

func (c *replicasCmd) Run(ctx context.Context, std streams) (err error) {
	store, err := sqlstore.Open(ctx, sqlstore.Config{Database: c.Database, Access: sqlstore.ReadOnly})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if !store.ManyReplicas() {
		return errors.New("an SQLite database has one server and no replicas; look at its /readyz and /metrics")
	}
	report, err := lookAtReplicas(ctx, store)
	if err != nil {
		return err
	}
	return c.print(std.out, report, report.table())
}

// lookAtReplicas looks twice, a lease apart: who is alive has sent heartbeats in
// between, whatever any clock says.
func lookAtReplicas(ctx context.Context, store *sqlstore.Store) (replicasReport, error) {
	replicas := store.Replicas()
	terms, err := replicas.Terms(ctx)
	if err != nil {
		return replicasReport{}, err
	}
	before, err := replicas.Rows(ctx)
	if err != nil {
		return replicasReport{}, err
	}
	if len(before) > 0 {
		select {
		case <-ctx.Done():
			return replicasReport{}, ctx.Err()
		case <-time.After(terms.Lease):
		}
	}
	head, err := store.Head(ctx)
	if err != nil {
		return replicasReport{}, err
	}
	now, err := replicas.Rows(ctx)
	if err != nil {
		return replicasReport{}, err
	}
	return newReplicasReport(head.Revision, terms.Lease, terms.Grace, before, now), nil
}

func newReplicasReport(revision int64, lease, grace time.Duration, before, now []fleet.Row) replicasReport {
	beats := make(map[string]int64)
	for _, row := range before {
		beats[row.ID] = row.Beat
	}
	report := replicasReport{
		Revision: revision, LeaseMS: lease.Milliseconds(), GraceMS: grace.Milliseconds(), Replicas: []replicaReport{},
	}
	for _, row := range now {
		beat, known := beats[row.ID]
		report.Replicas = append(report.Replicas, replicaReport{
			ID: row.ID, Address: row.Address, Version: row.Version, StartedAt: row.StartedAt, SeenAt: row.SeenAt,
			Alive: !known || beat != row.Beat, // one that is not known has just joined
			// A heartbeat may have told of more since the head was read.
			Applied: row.Applied, Lag: max(0, revision-row.Applied),
		})
	}
	return report
}

func (r replicasReport) table() string {
	return fmt.Sprintf("The log is at revision %d. Leases last %s, with a grace of %s.\n\n", r.Revision,
		time.Duration(r.LeaseMS)*time.Millisecond, time.Duration(r.GraceMS)*time.Millisecond) +
		table("ID ADDRESS VERSION STARTED STATE REVISION LAG", r.Replicas, func(row replicaReport) []string {
			state, started := "silent", row.StartedAt/1000
			if row.Alive {
				state = "alive"
			}
			return []string{
				row.ID, oneLine(row.Address), cmp.Or(oneLine(row.Version), "-"), formatTime(&started), state,
				strconv.FormatInt(row.Applied, 10), strconv.FormatInt(row.Lag, 10),
			}
		})
}
