package console

import (
	"net/http"

	"github.com/keyreeve/keyreeve/internal/org"
)

// overviewPage is the first page after signing in.
type overviewPage struct {
	frame
	Survey     Survey
	Known      bool // the survey could be made
	Traffic    trafficChart
	Expiring   []notableRow
	NeverUsed  []notableRow
	Unused     []notableRow
	Replicas   []replicaRow
	ReplicaErr bool
	Head       int64 // revision
}

// HeadInt is the head for words.
func (p overviewPage) HeadInt() int { return int(p.Head) }

// notableRow is a key worth a look.
type notableRow struct {
	Key keyRow
	At  int64
}

type replicaRow struct {
	Replica
	Lag int64 // revisions
}

// LagInt is the lag for words.
func (r replicaRow) LagInt() int { return int(r.Lag) }

// showOverview shows how things stand.
func (v *visit) showOverview() error {
	p := overviewPage{frame: v.frame("Overview", "/"), Traffic: chartTraffic(v.State.Traffic()), Head: v.State.Revision()}
	p.Survey, p.Known = v.State.Survey()
	for _, group := range []struct {
		keys []NotableKey
		rows *[]notableRow
	}{
		{p.Survey.Expiring.First, &p.Expiring},
		{p.Survey.NeverUsed.First, &p.NeverUsed},
		{p.Survey.Unused.First, &p.Unused},
	} {
		rows, err := v.notable(group.keys)
		if err != nil {
			return err
		}
		*group.rows = rows
	}
	replicas, err := v.State.Replicas(v.r.Context())
	p.ReplicaErr = err != nil
	for _, r := range replicas {
		p.Replicas = append(p.Replicas, replicaRow{r, max(p.Head-r.Applied, 0)})
	}
	return v.render(http.StatusOK, "overview", p)
}

// notable finds out what the keys are called. One that is gone by now is left
// out.
func (v *visit) notable(keys []NotableKey) ([]notableRow, error) {
	at, ids := map[string]int64{}, []string{}
	for _, k := range keys {
		ids, at[k.ID] = append(ids, k.ID), k.At
	}
	views, err := v.Service.GetKeys(v.r.Context(), v.caller, ids)
	var rows []notableRow
	for _, k := range views {
		rows = append(rows, notableRow{v.row(scopeOf(k), k), at[k.ID]})
	}
	return rows, err
}

func scopeOf(k org.KeyView) scope {
	if k.ProjectID == "" {
		return adminScope
	}
	return scope{ProjectID: k.ProjectID, Base: projectsSection + "/" + k.ProjectID + "/keys"}
}
