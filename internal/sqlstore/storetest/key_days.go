package storetest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/org"
)

var keyDayTests = map[string]func(*testing.T, Open){
	"DailyUsesAddUp":             dailyUsesAddUp,
	"DailyUsesOfManyKeysAtOnce":  dailyUsesOfManyKeysAtOnce,
	"DailyUsesAreNotOfTheLog":    dailyUsesAreNotOfTheLog,
	"DailyUsesNeedTheirReadRole": dailyUsesNeedTheirReadRole,
}

const today = 20_000 // a day

func dailyUsesAddUp(t *testing.T, open Open) {
	w := newWorld(t, open)
	for _, c := range []struct {
		day  int64
		uses []org.KeyUses
	}{
		{today, []org.KeyUses{{KeyID: "key_a", Count: 3}, {KeyID: "key_b", Count: 1}, {KeyID: "key_a", Count: 4}}},
		{today, []org.KeyUses{{KeyID: "key_a", Count: 10}}},
		{today - 29, []org.KeyUses{{KeyID: "key_a", Count: 5}}},
		{today - 30, []org.KeyUses{{KeyID: "key_a", Count: 100}}},
		{today, nil},
	} {
		if err := w.CountUses(t.Context(), c.day, c.uses); err != nil {
			t.Fatal(err)
		}
	}
	days, err := w.svc.DailyUses(t.Context(), w.owner, "key_a", today*86400+5)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]org.DayUses, 30)
	for i := range want {
		want[i].Day = today - 29 + int64(i)
	}
	want[0].Count, want[29].Count = 5, 17
	if diff := cmp.Diff(want, days); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := w.ForgetUses(t.Context(), today); err != nil {
		t.Fatal(err)
	}
	left, err := w.UsesOf(t.Context(), "key_a", 0, today+1)
	if diff := cmp.Diff([]org.DayUses{{Day: today, Count: 17}}, left); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func dailyUsesOfManyKeysAtOnce(t *testing.T, open Open) {
	w := newWorld(t, open)
	var uses []org.KeyUses
	for i := range 700 {
		uses = append(uses, org.KeyUses{KeyID: fmt.Sprint("key_", i), Count: int64(i)})
	}
	for range 2 {
		if err := w.CountUses(t.Context(), today, uses); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range []int64{1, 255, 511, 512, 699} {
		days, err := w.UsesOf(t.Context(), fmt.Sprint("key_", i), today, today)
		if diff := cmp.Diff([]org.DayUses{{Day: today, Count: 2 * i}}, days); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}

func dailyUsesAreNotOfTheLog(t *testing.T, open Open) {
	w := newWorld(t, open)
	before := len(events(t, w))
	if err := w.CountUses(t.Context(), today, []org.KeyUses{{KeyID: "key_a", Count: 1}}); err != nil {
		t.Fatal(err)
	}
	if after := len(events(t, w)); after != before {
		t.Errorf("%d events, before %d", after, before)
	}
}

func dailyUsesNeedTheirReadRole(t *testing.T, open Open) {
	w := newWorld(t, open)
	if _, err := w.svc.DailyUses(t.Context(), org.Caller{}, "key_a", 1); refusal(t, err).Kind != org.Forbidden {
		t.Error(err)
	}
}
