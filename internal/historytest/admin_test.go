package historytest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/historytest"
)

// admin makes and revokes keys through all replicas.
type admin struct {
	t    testing.TB
	log  *historytest.Log
	http *http.Client
	key  string
}

// adminTimeout is how long a client waits for a change. A stopped replica does
// not answer, and the run goes on.
const adminTimeout = 2 * time.Second

func newAdmin(t testing.TB, r *historytest.Recorder, key string) *admin {
	return &admin{t: t, log: r.Client(), key: key, http: &http.Client{Transport: &http.Transport{}, Timeout: adminTimeout}}
}

const keysPath = "/v1/organization/admin_api_keys"

// create makes a key and returns it, nil where that was not acknowledged.
func (a *admin) create(ctx context.Context, tg *target, number int32) *testKey {
	o := historytest.Operation{Kind: historytest.Create, Key: number, Replica: tg.place}
	body := a.do(ctx, tg, &o, http.MethodPost, keysPath, fmt.Sprintf(`{"name":%q}`, nameOf(number)))
	if o.Answer != historytest.Done {
		return nil
	}
	var made api.AdminAPIKeyCreateResponse
	if err := json.Unmarshal(body, &made); err != nil {
		a.t.Errorf("the answer to a creation: %v", err)
		return nil
	}
	return newTestKey(number, made.ID, made.Value)
}

// revoke deletes a key, and reports whether it is revoked for certain.
func (a *admin) revoke(ctx context.Context, tg *target, k *testKey) bool {
	o := historytest.Operation{Kind: historytest.Revoke, Key: k.number, Replica: tg.place}
	a.do(ctx, tg, &o, http.MethodDelete, keysPath+"/"+k.id, "")
	return o.Answer == historytest.Done || o.Answer == historytest.Gone
}

// do sends a request and records it. What the answer means is in o.
func (a *admin) do(ctx context.Context, tg *target, o *historytest.Operation, method, path, body string) []byte {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+*tg.api.Load()+path, strings.NewReader(body))
	if err != nil {
		a.t.Error(err)
		return nil
	}
	req.Header.Set("Authorization", "Bearer "+a.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	o.Start = a.log.Now()
	resp, err := a.http.Do(req)
	var content []byte
	if err == nil {
		content, err = io.ReadAll(resp.Body)
		err = errors.Join(err, resp.Body.Close())
	}
	if err == nil {
		o.Answer = a.meaning(*o, resp, content)
		o.Revision, _ = strconv.ParseInt(resp.Header.Get("Keyreeve-Revision"), 10, 64) // 0 is none
		o.Everywhere = everywhere(resp.Header.Get("Keyreeve-Confirmed"))
	}
	*o = a.log.Add(*o)
	return content
}

// meaning says what an answer to a change tells of the key. The admin key is
// good all the time, so that only these answers are.
func (a *admin) meaning(o historytest.Operation, resp *http.Response, body []byte) historytest.Answer {
	switch {
	case resp.StatusCode == http.StatusOK:
		return historytest.Done
	case resp.StatusCode == http.StatusNotFound && o.Kind == historytest.Revoke:
		return historytest.Gone
	case resp.StatusCode == http.StatusServiceUnavailable && bytes.Contains(body, []byte("Nothing was changed")):
		return historytest.Unchanged
	case resp.StatusCode == http.StatusServiceUnavailable:
		return historytest.NoAnswer
	default:
		a.t.Errorf("replica %d answers a %s with %s: %s", o.Replica, o.Kind, resp.Status, body)
		return historytest.NoAnswer
	}
}

// everywhere reads Keyreeve-Confirmed: 3/3 is, 2/3 is not.
func everywhere(confirmed string) bool {
	some, all, ok := strings.Cut(confirmed, "/")
	return ok && some == all
}

func nameOf(number int32) string { return "key " + strconv.Itoa(int(number)) }
