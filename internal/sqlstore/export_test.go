package sqlstore

import "database/sql"

// Pools returns the writer's, the readers' and the replicas' connections.
func (s *Store) Pools() []*sql.DB { return []*sql.DB{s.write, s.read, s.replicas} }

// Rare are the statements that few stores ever run: after an answer of
// PostgreSQL was lost, and after a server without the audit index.
var Rare = []string{eventAtRevision, recordsBetween, setIndexed}

// OnStep has fn told what a restore is about to do.
func (r *Restore) OnStep(fn func(string)) { r.step = fn }
