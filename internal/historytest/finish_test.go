package historytest_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
	"github.com/keyreeve/keyreeve/internal/historytest"
)

// recovery bounds the wait for replicas that nothing ails any more, on a busy
// machine.
const recovery = 30 * time.Second

// finish verifies each key on each replica once more, after the load, and
// returns all that was seen.
func (l *load) finish(ctx context.Context) historytest.History {
	ctx, cancel := context.WithTimeout(ctx, recovery)
	defer cancel()
	for _, tg := range l.targets {
		l.awaitHealth(ctx, tg)
		l.verifyAll(ctx, tg)
	}
	return historytest.History{Listed: l.list(ctx), Operations: l.recorder.Operations()}
}

// awaitHealth waits until a replica can tell that the admin key is good, and
// takes a change.
func (l *load) awaitHealth(ctx context.Context, tg *target) {
	a := newAdmin(l.t, l.recorder, l.adminKey)
	defer a.http.CloseIdleConnections()
	for {
		if k := a.create(ctx, tg, l.keys.number()); k != nil {
			l.keys.add(k)
			return
		}
		select {
		case <-ctx.Done():
			l.t.Errorf("replica %d takes no change %v after the last fault", tg.place, recovery)
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// verifyAll presents every key to one replica.
func (l *load) verifyAll(ctx context.Context, tg *target) {
	p := newPipe(l.t, tg, l.recorder, bursting)
	defer p.close()
	for _, k := range l.keys.all {
		if !p.ready(ctx) {
			l.t.Errorf("replica %d does not answer after the last fault", tg.place)
			return
		}
		p.send(k)
	}
	if !p.settle(ctx) {
		l.t.Errorf("replica %d does not answer after the last fault", tg.place)
	}
}

// list returns the numbers of the keys that exist. The first admin key, of
// another name, is none of ours.
func (l *load) list(ctx context.Context) map[int32]bool {
	web := &http.Client{Transport: &http.Transport{}}
	defer web.CloseIdleConnections()
	c, err := client.New("http://"+*l.targets[0].api.Load()+"/v1", l.adminKey, client.WithHTTPClient(web))
	if err != nil {
		l.t.Error(err)
		return nil
	}
	listed, page := map[int32]bool{}, 100
	for key, err := range c.AdminAPIKeys.All(ctx, api.AdminAPIKeyListParams{Limit: &page}) {
		if err != nil {
			l.t.Errorf("the list: %v", err)
			return nil
		}
		digits, ours := strings.CutPrefix(*key.Name, "key ")
		if !ours {
			continue
		}
		number, err := strconv.ParseInt(digits, 10, 32)
		if err != nil || int32(number) >= l.keys.next || listed[int32(number)] {
			l.t.Errorf("%q is listed, which nobody asked for", *key.Name)
		}
		listed[int32(number)] = true
	}
	return listed
}
