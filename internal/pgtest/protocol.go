package pgtest

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// sent follows what a client sends to PostgreSQL, as far as it takes to know a
// COMMIT: as a query, or as a statement that was prepared before.
type sent struct {
	started bool
	rest    []byte          // of a message that has not arrived in full
	commits map[string]bool // names of prepared statements that commit
}

// The types of messages, by PostgreSQL's protocol.
const (
	query        = 'Q'
	parse        = 'P'
	bind         = 'B'
	notification = 'A' // from the server
)

// read takes in what comes next, and says whether a statement or a COMMIT is
// among it.
func (s *sent) read(chunk []byte) (statement, commit bool) {
	s.rest = append(s.rest, chunk...)
	for {
		head := 1 // the type; the first message of a connection has none
		if !s.started {
			head = 0
		}
		if len(s.rest) < head+4 {
			return statement, commit
		}
		length := head + int(binary.BigEndian.Uint32(s.rest[head:]))
		if len(s.rest) < length {
			return statement, commit
		}
		if s.started {
			statement = statement || strings.IndexByte("QPB", s.rest[0]) >= 0
			commit = s.isCommit(s.rest[0], s.rest[head+4:length]) || commit
		}
		s.started, s.rest = true, s.rest[length:]
	}
}

func (s *sent) isCommit(kind byte, body []byte) bool {
	first, rest, _ := bytes.Cut(body, []byte{0})
	second, _, _ := bytes.Cut(rest, []byte{0})
	switch kind {
	case query:
		return strings.EqualFold(string(first), "commit")
	case parse: // name, text
		if s.commits == nil {
			s.commits = map[string]bool{}
		}
		s.commits[string(first)] = strings.EqualFold(string(second), "commit")
	case bind: // portal, name
		return s.commits[string(second)]
	}
	return false
}
