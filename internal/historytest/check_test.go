package historytest_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/historytest"
)

// parse reads a history. Each line is START END REPLICA KIND ANSWER and, after
// that, what there is to say: key=N, rev=N, everywhere.
func parse(t *testing.T, text string) (h historytest.History) {
	t.Helper()
	kinds := map[string]historytest.Kind{"create": historytest.Create, "verify": historytest.Verify, "revoke": historytest.Revoke}
	answers := map[string]historytest.Answer{
		"none": historytest.NoAnswer, "done": historytest.Done, "gone": historytest.Gone, "unchanged": historytest.Unchanged,
		"allowed": historytest.Allowed, "refused": historytest.Refused, "unable": historytest.Unable,
	}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		number := func(text string) int64 {
			n, err := strconv.ParseInt(text, 10, 32)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			return n
		}
		kind, known := kinds[words[3]]
		answer, understood := answers[words[4]]
		if !known || !understood {
			t.Fatalf("%q: no such kind or answer", line)
		}
		o := historytest.Operation{
			Start: time.Duration(number(words[0])), End: time.Duration(number(words[1])),
			Replica: int8(number(words[2])), Kind: kind, Answer: answer,
		}
		for _, word := range words[5:] {
			switch name, value, _ := strings.Cut(word, "="); name {
			case "key":
				o.Key = int32(number(value))
			case "rev":
				o.Revision = number(value)
			case "everywhere":
				o.Everywhere = true
			default:
				t.Fatalf("%q: what is %q?", line, word)
			}
		}
		h.Operations = append(h.Operations, o)
	}
	return h
}

func rules(found []historytest.Violation) []historytest.Rule {
	var out []historytest.Rule
	for _, v := range found {
		out = append(out, v.Rule)
	}
	return out
}

const created = "0 10 0 create done everywhere\n"

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		history string
		settle  time.Duration
		want    []historytest.Rule
	}{
		"a life": {history: created + "11 12 1 verify allowed\n 20 30 0 revoke done\n 31 32 1 verify refused"},
		"accepted after a revocation returned": {
			history: created + "20 30 0 revoke done\n 31 32 1 verify allowed",
			want:    []historytest.Rule{historytest.AcceptedAfterRevocation},
		},
		"accepted after a 404": {
			history: created + "20 90 0 revoke done\n 30 40 1 revoke gone\n 41 42 2 verify allowed",
			want:    []historytest.Rule{historytest.AcceptedAfterRevocation},
		},
		"accepted after the 404 of a revocation that was never answered": {
			history: created + "20 22 0 revoke none\n 30 40 1 revoke gone\n 41 42 2 verify allowed",
			want:    []historytest.Rule{historytest.AcceptedAfterRevocation},
		},
		"accepted by a verification that began before the return": {
			history: created + "20 30 0 revoke done\n 30 99 1 verify allowed",
		},
		"accepted while others refuse it": {
			history: created + "20 30 0 revoke done\n 21 22 0 verify refused\n 23 24 1 verify allowed",
		},
		"accepted after a revocation without an answer": {
			history: created + "20 30 0 revoke none\n 50 51 1 verify allowed\n 60 61 1 verify refused",
		},
		"accepted after a revocation that changed nothing": {
			history: created + "20 30 0 revoke unchanged\n 50 51 1 verify allowed",
		},
		"accepted before its creation": {
			history: "0 4 1 verify allowed\n" + "5 10 0 create done everywhere",
			want:    []historytest.Rule{historytest.AcceptedBeforeCreation},
		},
		"accepted while it is made": {
			history: "5 10 0 create done everywhere\n 6 7 1 verify allowed",
		},
		"refused by the replica that made it": {
			history: "0 10 0 create done\n 11 12 0 verify refused",
			want:    []historytest.Rule{historytest.LiveRefused},
		},
		"refused by another, unconfirmed": {
			history: "0 10 0 create done\n 11 12 1 verify refused\n 13 14 1 verify allowed",
		},
		"refused by another, unconfirmed and long ago": {
			history: "0 10 0 create done\n 61 62 1 verify refused", settle: 50,
			want: []historytest.Rule{historytest.LiveRefused},
		},
		"refused by another, confirmed": {
			history: created + "11 12 1 verify refused",
			want:    []historytest.Rule{historytest.LiveRefused},
		},
		"503 by another, confirmed": {history: created + "11 12 1 verify unable"},
		"refused after it was accepted there": {
			history: "0 10 0 create done\n 11 12 1 verify allowed\n 13 14 1 verify refused",
			want:    []historytest.Rule{historytest.LiveRefused},
		},
		"refused before its revocation began": {
			history: created + "11 12 1 verify refused\n 20 30 0 revoke done",
			want:    []historytest.Rule{historytest.LiveRefused},
		},
		"refused after a revocation that changed nothing": {
			history: created + "20 30 0 revoke unchanged\n 50 51 1 verify refused",
			want:    []historytest.Rule{historytest.LiveRefused},
		},
		"came back": {
			history: created + "20 90 0 revoke done\n 30 31 1 verify refused\n 32 33 1 verify allowed",
			want:    []historytest.Rule{historytest.CameBack},
		},
		"came back while it looked": {
			history: created + "20 90 0 revoke done\n 30 33 1 verify refused\n 32 33 1 verify allowed",
		},
		"404 for a live key": {
			history: created + "20 30 0 revoke gone\n 40 50 0 revoke done",
			want:    []historytest.Rule{historytest.GoneWhileLive},
		},
		"404 while another revokes": {history: created + "20 90 0 revoke none\n 21 30 0 revoke gone"},
		"revoked twice": {
			history: created + "20 30 0 revoke done\n 40 50 1 revoke done",
			want:    []historytest.Rule{historytest.RevokedTwice},
		},
		"went back behind another key's revocation": {
			history: "0 10 0 create done rev=1 everywhere\n 0 11 0 create done rev=2 everywhere key=1\n" +
				"20 90 0 revoke done rev=3\n 21 91 0 revoke done rev=4 key=1\n" +
				"30 31 1 verify refused key=1\n 32 33 1 verify allowed\n",
			want: []historytest.Rule{historytest.WentBack},
		},
		"went back behind another key's creation": {
			history: "0 10 0 create done rev=1\n 0 11 0 create done rev=2 key=1\n" +
				"30 31 1 verify allowed key=1\n 32 33 1 verify refused\n",
			want: []historytest.Rule{historytest.WentBack},
		},
		"went back behind what it acknowledged": {
			history: "0 10 0 create done rev=1\n 0 11 1 create done rev=2 key=1\n 32 33 1 verify refused\n",
			want:    []historytest.Rule{historytest.WentBack},
		},
		"behind another replica": {
			history: "0 10 0 create done rev=1\n 0 11 0 create done rev=2 key=1\n" +
				"30 31 1 verify allowed key=1\n 32 33 2 verify refused\n",
		},
		"revisions out of order": {
			history: "0 10 0 create done rev=2\n 11 12 1 create done rev=1 key=1",
			want:    []historytest.Rule{historytest.OutOfOrder},
		},
		"a revision twice": {
			history: "0 10 0 create done rev=2\n 5 12 1 create done rev=2 key=1",
			want:    []historytest.Rule{historytest.OutOfOrder},
		},
		"revisions of concurrent changes": {
			history: "0 10 0 create done rev=2\n 9 12 1 create done rev=1 key=1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := parse(t, tc.history)
			h.Settle = tc.settle
			found := historytest.Check(h)
			if diff := cmp.Diff(tc.want, rules(found)); diff != "" {
				t.Errorf("rules broken, -want +got:\n%s%v", diff, found)
			}
		})
	}
}

func TestCheckOfTheList(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		history string
		listed  bool
		want    []historytest.Rule
	}{
		"live and listed":       {history: created, listed: true},
		"live and not listed":   {history: created, want: []historytest.Rule{historytest.CreationLost}},
		"revoked, not listed":   {history: created + "20 30 0 revoke done"},
		"revoked and listed":    {history: created + "20 30 0 revoke done", listed: true, want: []historytest.Rule{historytest.Undone}},
		"404 and listed":        {history: created + "20 22 0 revoke none\n 23 30 0 revoke gone", listed: true, want: []historytest.Rule{historytest.Undone}},
		"unanswered and listed": {history: created + "20 30 0 revoke none", listed: true},
		"unanswered, gone":      {history: created + "20 30 0 revoke none"},
		"changed nothing, gone": {history: created + "20 30 0 revoke unchanged", want: []historytest.Rule{historytest.CreationLost}},
		"creation unanswered":   {history: "0 10 0 create none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := parse(t, tc.history)
			h.Listed = map[int32]bool{0: tc.listed}
			if diff := cmp.Diff(tc.want, rules(historytest.Check(h))); diff != "" {
				t.Errorf("rules broken, -want +got:\n%s", diff)
			}
		})
	}
}

func TestViolationShowsTheOperations(t *testing.T) {
	t.Parallel()
	h := parse(t, created+"20 30 0 revoke done rev=7\n 31 32 1 verify allowed")
	got := fmt.Sprint(historytest.Check(h)[0])
	want := `a key was accepted after its revocation had returned
       0.000 to        0.000 ms  client   0  replica 0  create key 0: done, everywhere
       0.000 to        0.000 ms  client   0  replica 0  revoke key 0: done, revision 7
       0.000 to        0.000 ms  client   0  replica 1  verify key 0: allowed`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
