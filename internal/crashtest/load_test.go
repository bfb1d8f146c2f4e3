package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

// workers is how many clients load a server. Together they fill its batches.
const workers = 8

// load creates and deletes keys until ctx ends or the server is gone. It keeps
// few keys, so that lists stay short, and uses some of them.
func (l *ledger) load(ctx context.Context, t *testing.T, p *process, cycle int) (wait func()) {
	var wg sync.WaitGroup
	admin := p.admin(t)
	for w := range workers {
		wg.Go(func() {
			worker := &worker{ledger: l, process: p, admin: admin}
			for n := 0; ctx.Err() == nil; n++ {
				if err := worker.step(ctx, t, fmt.Sprintf("cycle %d worker %d key %d", cycle, w, n)); err != nil {
					if p.host.plant == "" { // a server with a bug may find out itself, and refuse
						unexpected(t, err)
					}
					return
				}
			}
		})
	}
	return wg.Wait
}

// unexpected fails the test for an answer that a healthy server does not give.
func unexpected(t *testing.T, err error) {
	var refusal *client.Error
	var malformed *client.ResponseError
	if errors.As(err, &refusal) || errors.As(err, &malformed) && malformed.Status != 200 {
		t.Error(err)
	}
}

type worker struct {
	*ledger
	process *process
	admin   *client.Client
	mine    []*known
}

// step makes or deletes one key, and returns an error when the server did not
// acknowledge that.
func (w *worker) step(ctx context.Context, t *testing.T, name string) error {
	if len(w.mine) > 0 && rand.IntN(20) < 9 {
		i := rand.IntN(len(w.mine))
		k := w.mine[i]
		w.mine = append(w.mine[:i], w.mine[i+1:]...)
		return w.remove(ctx, t, k)
	}
	w.creating(name)
	key, err := w.admin.AdminAPIKeys.Create(ctx, api.AdminAPIKeyCreateRequest{Name: name})
	if err != nil {
		return err
	}
	w.mine = append(w.mine, w.created(key))
	return nil
}

func (w *worker) remove(ctx context.Context, t *testing.T, k *known) error {
	w.deleting(k)
	if _, err := w.admin.AdminAPIKeys.Delete(ctx, k.id); err != nil {
		return err
	}
	w.deleted(k)
	if rand.IntN(4) == 0 {
		if got := w.process.present(ctx, t, k); got == accepted {
			t.Errorf("key %s was accepted after its deletion returned", k.id)
		}
	}
	return nil
}

// verdict is what became of a presented key.
type verdict int

const (
	accepted verdict = iota
	refused
	unanswered
)

// present uses a key.
func (p *process) present(ctx context.Context, t *testing.T, k *known) verdict {
	t.Helper()
	one := 1
	_, err := p.as(t, k.value).AdminAPIKeys.List(ctx, api.AdminAPIKeyListParams{Limit: &one})
	var refusal *client.Error
	switch {
	case err == nil:
		return accepted
	case errors.As(err, &refusal) && refusal.Status == 401:
		return refused
	default:
		return unanswered
	}
}
