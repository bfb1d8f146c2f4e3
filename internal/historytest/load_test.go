package historytest_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/historytest"
)

// load is all clients of one run.
type load struct {
	t        testing.TB
	seed     uint64
	targets  []*target
	writable []*target // through which keys are made and revoked: at first all
	adminKey string
	recorder *historytest.Recorder
	keys     keyring
	clients  sync.WaitGroup
	streams  uint64 // of random numbers, given out
}

const (
	lives     = 48 // clients that make and revoke keys
	hammers   = 2  // clients that verify, for each replica
	hammering = 4  // requests of each on their way at once
	survivors = 8
	bursting  = 8 // the same, of those that verify after a revocation
)

func newLoad(t testing.TB, seed uint64, targets []*target, adminKey string) *load {
	return &load{t: t, seed: seed, targets: targets, writable: targets, adminKey: adminKey, recorder: historytest.NewRecorder()}
}

// random is a source of one client. The same seed gives the same sources.
func (l *load) random() *rand.Rand {
	l.streams++
	return rand.New(rand.NewPCG(l.seed, l.streams))
}

// start begins to make, verify and revoke keys until ctx ends. Each client
// finishes what it has begun, wait returns then.
func (l *load) start(ctx context.Context) (wait func()) {
	for range lives {
		client := &life{load: l, random: l.random(), admin: newAdmin(l.t, l.recorder, l.adminKey), other: newAdmin(l.t, l.recorder, l.adminKey)}
		for _, tg := range l.targets {
			client.pipes = append(client.pipes, newPipe(l.t, tg, l.recorder, bursting))
		}
		l.clients.Go(func() { client.run(ctx) })
	}
	for _, tg := range l.targets {
		for range hammers {
			p, random := newPipe(l.t, tg, l.recorder, hammering), l.random()
			l.clients.Go(func() { l.hammer(ctx, p, random) })
		}
	}
	return l.clients.Wait
}

// hammerPause keeps the clients from taking the processor from the replicas.
const hammerPause = 300 * time.Microsecond

// retryPause is between a change that failed and the next attempt.
const retryPause = 50 * time.Millisecond

// hammer verifies keys through one replica.
func (l *load) hammer(ctx context.Context, p *pipe, random *rand.Rand) {
	defer p.close()
	for ctx.Err() == nil {
		k := l.keys.pick(random)
		if k == nil || !p.ready(ctx) {
			time.Sleep(time.Millisecond)
			continue
		}
		p.send(k)
		time.Sleep(hammerPause)
	}
}

// life makes one key after the other, and revokes all but one in survivors.
type life struct {
	*load
	random       *rand.Rand
	admin, other *admin
	pipes        []*pipe
}

func (c *life) run(ctx context.Context) {
	defer c.admin.http.CloseIdleConnections()
	defer c.other.http.CloseIdleConnections()
	for ctx.Err() == nil {
		k := c.admin.create(context.WithoutCancel(ctx), c.replica(), c.keys.number())
		if k == nil {
			wait(ctx, retryPause)
			continue
		}
		c.keys.add(k)
		c.verifyEverywhere(k)
		wait(ctx, c.age())
		if c.random.IntN(survivors) > 0 {
			c.end(ctx, k)
		}
	}
	for _, p := range c.pipes {
		p.close()
	}
}

// age is how long a key is left alone before it is revoked. Some know it from
// before a fault.
func (c *life) age() time.Duration {
	most := 20 * time.Millisecond
	if c.random.IntN(4) == 0 {
		most *= 20
	}
	return time.Duration(c.random.Int64N(int64(most)))
}

func (c *life) replica() *target { return c.writable[c.random.IntN(len(c.writable))] }

// verifyEverywhere presents a key to all replicas, at once.
func (c *life) verifyEverywhere(k *testKey) {
	for _, p := range c.pipes {
		p.trySend(k)
	}
}

// end revokes a key in one of the ways in which clients do, and presents it as
// soon as that has returned. A revocation that failed is repeated.
func (c *life) end(ctx context.Context, k *testKey) {
	c.keys.heat(k)
	whole := context.WithoutCancel(ctx)
	var others sync.WaitGroup
	way, first, second := c.random.IntN(4), c.replica(), c.replica()
	if way == 0 { // two at the same time
		others.Go(func() { c.other.revoke(whole, second, k) })
	}
	revoked := c.admin.revoke(whole, first, k)
	if revoked {
		c.verifyEverywhere(k)
	}
	others.Wait()
	if revoked && way == 1 { // one after the other: the second finds nothing
		c.admin.revoke(whole, second, k)
		c.verifyEverywhere(k)
	}
	for !revoked && ctx.Err() == nil {
		wait(ctx, retryPause)
		if revoked = c.admin.revoke(whole, c.replica(), k); revoked {
			c.verifyEverywhere(k)
		}
	}
}
