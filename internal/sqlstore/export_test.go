package sqlstore

import "database/sql"

// Pools returns the writer's and the readers' connections.
func (s *Store) Pools() []*sql.DB { return []*sql.DB{s.write, s.read} }

// Rare are the statements that few stores ever run: one after an answer of
// PostgreSQL was lost, one where there are many keys.
var Rare = []string{eventAtRevision, keyEnds}
