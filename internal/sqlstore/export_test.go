package sqlstore

import "database/sql"

// Pools returns the writer's and the readers' connections.
func (s *Store) Pools() []*sql.DB { return []*sql.DB{s.write, s.read} }

// EventAtRevision is the one statement that only PostgreSQL ever runs.
const EventAtRevision = eventAtRevision
