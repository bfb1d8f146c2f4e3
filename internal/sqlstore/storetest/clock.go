package storetest

import "testing"

var clockTests = map[string]func(*testing.T, Open){
	"RecordedTimeNeverGoesBack": recordedTimeNeverGoesBack,
}

func recordedTimeNeverGoesBack(t *testing.T, open Open) {
	w := newWorld(t, open)
	for _, step := range []struct{ record, want int64 }{{5_000, 5_000}, {9_000, 9_000}, {7_000, 9_000}} {
		if err := w.RecordTime(t.Context(), step.record); err != nil {
			t.Fatal(err)
		}
		if got, err := w.RecordedTime(t.Context()); err != nil || got != step.want {
			t.Errorf("after %d: %d, %v, want %d", step.record, got, err, step.want)
		}
	}
}
