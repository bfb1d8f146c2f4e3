package sqlstore

import "database/sql"

// Pools returns the writer's, the readers' and the replicas' connections.
func (s *Store) Pools() []*sql.DB { return []*sql.DB{s.write, s.read, s.replicas} }

// Rare are the statements that few stores ever run: one after an answer of
// PostgreSQL was lost.
var Rare = []string{eventAtRevision}

// OnStep has fn told what a restore is about to do.
func (r *Restore) OnStep(fn func(string)) { r.step = fn }
