package console

import "net/http"

// keyPage shows one key.
type keyPage struct {
	frame
	Scope  scope
	Key    keyRow
	Events []sentence
}

// showKey shows a key with what happened to it.
func (v *visit) showKey(s scope, section string, key keyRow) error {
	events, err := v.eventsOf(key.ID)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "key", keyPage{frame: v.frame(key.Name, section), Scope: s, Key: key, Events: events})
}
