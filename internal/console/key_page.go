package console

import "net/http"

// keyPage shows one key.
type keyPage struct {
	frame
	Scope  scope
	Key    keyRow
	Days   daysChart
	Events []sentence
}

// showKey shows a key with its use and with what happened to it.
func (v *visit) showKey(s scope, section string, key keyRow) error {
	days, err := v.Service.DailyUses(v.r.Context(), v.caller, key.ID, v.now())
	if err != nil {
		return err
	}
	events, err := v.eventsOf(key.ID)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "key", keyPage{
		frame: v.frame(key.Name, section), Scope: s, Key: key, Days: chartDays(days), Events: events,
	})
}
