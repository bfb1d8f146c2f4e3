package historytest

import (
	"fmt"
	"time"
)

// Kind is what a client asked for.
type Kind uint8

// The kinds.
const (
	Create Kind = iota
	Verify
	Revoke // a DELETE, the first or a repeated one
)

// Answer is what a client was told, as far as it says something about the key.
type Answer uint8

// The answers.
const (
	NoAnswer  Answer = iota // none, or one that leaves open whether it took effect: it may at any time from its start on
	Done                    // 200 to a creation or a revocation
	Gone                    // 404 to a revocation
	Unchanged               // 503 to a creation or a revocation: "nothing was changed"
	Allowed                 // 200 to a verification
	Refused                 // 401 to a verification
	Unable                  // 503 to a verification: the replica cannot know
)

var (
	kindNames   = [...]string{"create", "verify", "revoke"}
	answerNames = [...]string{"no answer", "done", "404", "unchanged", "allowed", "refused", "503"}
)

func (k Kind) String() string   { return kindNames[k] }
func (a Answer) String() string { return answerNames[a] }

// Operation is one request of one client.
type Operation struct {
	// Start is before the first byte was sent and End after the answer was
	// read, both since the recorder was made, on the monotonic clock.
	Start, End time.Duration

	Key     int32 // which key, counted by the clients
	Client  int32
	Replica int8 // the place of the replica: a restarted one has that of the process before
	Kind    Kind
	Answer  Answer

	Everywhere bool  // Keyreeve-Confirmed: n/n
	Revision   int64 // Keyreeve-Revision of a change, 0 where none was told
}

// String shows the operation as a line of a history.
func (o Operation) String() string {
	text := fmt.Sprintf("%12.3f to %12.3f ms  client %3d  replica %d  %s key %d: %s",
		milliseconds(o.Start), milliseconds(o.End), o.Client, o.Replica, o.Kind, o.Key, o.Answer)
	if o.Revision != 0 {
		text += fmt.Sprintf(", revision %d", o.Revision)
	}
	if o.Everywhere {
		text += ", everywhere"
	}
	return text
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// History is what the clients of one run saw.
type History struct {
	Operations []Operation

	// Settle is how long a replica may not know a key whose creation another one
	// acknowledged without having it confirmed everywhere: the lease and the
	// slack that the barrier adds. 0 is for ever.
	Settle time.Duration

	// Listed are the keys that exist after the last operation; nil where nobody
	// looked.
	Listed map[int32]bool
}
