package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/keyreeve/keyreeve/internal/org"
)

// maxTrimmed is how many events one transaction drops. Others wait for it.
const maxTrimmed = 8 * blockSize

const (
	checkpointRow = `SELECT revision, hash, state, public_key, signature FROM audit_checkpoint WHERE id = 1`
	setCheckpoint = `INSERT INTO audit_checkpoint (id, revision, hash, state, public_key, signature) VALUES (1, $1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, hash = excluded.hash, state = excluded.state,
public_key = excluded.public_key, signature = excluded.signature`

	eventsBetween = `SELECT revision, id, type, at, actor_id, resource_id, project_id, record, hash
FROM events WHERE revision > $1 AND revision <= $2 ORDER BY revision`
)

// scanCheckpoint reads the checkpoint; no row is that of a log that begins with
// its first event.
func scanCheckpoint(row scanner) (c org.Checkpoint, ok bool, err error) {
	var hash, state []byte
	switch err := row.Scan(&c.Revision, &hash, &state, (*[]byte)(&c.PublicKey), &c.Signature); {
	case errors.Is(err, sql.ErrNoRows):
		return org.Checkpoint{}, false, nil
	case err != nil:
		return c, false, err
	}
	copy(c.Hash[:], hash)
	if c.State, err = org.ParseStateSum(state); err != nil || len(hash) != len(c.Hash) {
		return c, false, &org.ChainError{Revision: c.Revision, Problem: "the checkpoint at which the log begins is damaged"}
	}
	return c, true, nil
}

// TrimLog implements org.Tx. It drops whole blocks of the audit index.
func (t *tx) TrimLog(before int64, sign func(*org.Checkpoint)) (c org.Checkpoint, dropped int, err error) {
	if c, _, err = scanCheckpoint(t.group.conn.queryRow(t.ctx, checkpointRow)); err != nil {
		return c, 0, t.fail(err)
	}
	var first int64
	if _, err := t.one([]any{&first}, firstAt, before); err != nil {
		return c, 0, err
	}
	// The head's own event stays, so that the log is never empty.
	last := min(first-1, t.indexed, t.head.Revision-1, c.Revision+maxTrimmed)
	if last = (last+1)&^(blockSize-1) - 1; last <= c.Revision {
		return c, 0, nil
	}
	events, err := t.eventsBetween(c.Revision, last)
	if err != nil {
		return c, 0, t.fail(err)
	}
	at := org.Head{Revision: c.Revision, Hash: c.Hash}
	var effects []org.Effect
	var gone []audited
	for _, e := range events {
		if err := org.Continues(at, e); err != nil {
			return c, 0, err
		}
		at.Revision, at.Hash = e.Revision, e.Hash
		said, err := org.DecodeRecord(e.Record) // as Continues did
		if err != nil {
			return c, 0, err
		}
		effects = append(effects, said.Effects...)
		seen, _ := org.DecodeAudit(e.Record)
		gone = append(gone, auditedOf(e.Revision, seen.Type, seen.Actor, seen.ProjectID))
	}
	if at.Revision != last {
		return c, 0, &org.ChainError{Revision: at.Revision + 1, Problem: "it is missing"}
	}
	organization, _, err := t.Organization()
	if err != nil {
		return c, 0, err
	}
	c.Organization, c.Revision, c.Hash = organization.ID, at.Revision, at.Hash
	b := base{t, &c.State}
	for _, e := range effects {
		if err := b.apply(e); err != nil {
			return c, 0, err
		}
	}
	sign(&c)
	return c, len(events), t.drop(c, gone)
}

func (t *tx) eventsBetween(after, last int64) ([]org.StoredEvent, error) {
	stmt, err := t.group.conn.prepare(t.ctx, eventsBetween)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(t.ctx, after, last)
	if err != nil {
		return nil, err
	}
	return scanEvents(rows)
}

// drop removes events with what the audit index has of them.
func (t *tx) drop(c org.Checkpoint, gone []audited) error {
	for _, p := range postings(gone) {
		if err := t.exec(`DELETE FROM audit_terms WHERE term = $1 AND block = $2`, p.term, p.block); err != nil {
			return err
		}
	}
	if err := t.exec(`DELETE FROM events WHERE revision <= $1`, c.Revision); err != nil {
		return err
	}
	return t.exec(setCheckpoint, c.Revision, c.Hash[:], c.State.Bytes(), []byte(c.PublicKey), c.Signature)
}

// base is audit_base with the sum over it.
type base struct {
	*tx
	sum *org.StateSum
}

// The kinds of elements.
const (
	baseKey     = "key"
	baseOwner   = "owner"
	baseProject = "project"
	baseLimit   = "limit"
)

// apply does to the base what an effect does to the index: see state.apply.
func (b base) apply(e org.Effect) error {
	switch e := e.(type) {
	case org.KeyAdded:
		return b.put(baseKey, fmt.Sprintf("%x", e.Digest), e.OwnerID, e.ProjectID, e)
	case org.KeyRemoved:
		return b.remove(baseKey, fmt.Sprintf("%x", e.Digest))
	case org.KeysRemoved:
		return b.removeKeys(`SELECT id FROM audit_base WHERE kind = 'key' AND owner_id = $1 AND project_id = $2 ORDER BY id`, e.OwnerID, e.ProjectID)
	case org.OwnerSet:
		if !e.Removed {
			return b.put(baseOwner, e.ID, "", "", e)
		}
		if err := b.removeKeys(`SELECT id FROM audit_base WHERE kind = 'key' AND owner_id = $1 ORDER BY id`, e.ID); err != nil {
			return err
		}
		return b.remove(baseOwner, e.ID)
	case org.ProjectSet:
		return b.put(baseProject, e.ID, "", "", e)
	case org.LimitSet:
		return b.put(baseLimit, e.ProjectID+" "+e.Model, "", "", e)
	default:
		return fmt.Errorf("no element of the audit base for %T", e)
	}
}

func (b base) put(kind, id, owner, project string, e org.Effect) error {
	text, err := org.EncodeEffect(e)
	if err != nil {
		return err
	}
	if err := b.forget(kind, id); err != nil {
		return err
	}
	b.sum.Add(text)
	return b.exec(`INSERT INTO audit_base (kind, id, owner_id, project_id, effect) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (kind, id) DO UPDATE SET owner_id = excluded.owner_id, project_id = excluded.project_id, effect = excluded.effect`,
		kind, id, owner, project, string(text))
}

// forget takes an element out of the sum, if it is there.
func (b base) forget(kind, id string) error {
	var text string
	ok, err := b.one([]any{&text}, `SELECT effect FROM audit_base WHERE kind = $1 AND id = $2`, kind, id)
	if ok {
		b.sum.Remove([]byte(text))
	}
	return err
}

func (b base) remove(kind, id string) error {
	if err := b.forget(kind, id); err != nil {
		return err
	}
	return b.exec(`DELETE FROM audit_base WHERE kind = $1 AND id = $2`, kind, id)
}

func (b base) removeKeys(text string, args ...any) error {
	stmt, err := b.group.conn.prepare(b.ctx, text)
	if err != nil {
		return b.fail(err)
	}
	rows, err := stmt.QueryContext(b.ctx, args...)
	if err != nil {
		return b.fail(err)
	}
	ids, err := scanTexts(rows)
	if err != nil {
		return b.fail(err)
	}
	for _, id := range ids {
		if err := b.remove(baseKey, id); err != nil {
			return err
		}
	}
	return nil
}

func scanTexts(rows *sql.Rows) (out []string, err error) {
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, rows.Err()
}

// checkpoint returns where the log begins, or ok false for its first event, and
// gives each element of what was there to visit.
func (s *Store) checkpoint(ctx context.Context, visit func(org.Effect)) (c org.Checkpoint, ok bool, err error) {
	if c, ok, err = scanCheckpoint(s.queryRow(ctx, checkpointRow)); err != nil || !ok {
		return c, ok, err
	}
	organization, err := s.Organization(ctx)
	if err != nil {
		return c, true, err
	}
	c.Organization = organization.ID
	rows, err := s.query(ctx, `SELECT effect FROM audit_base ORDER BY kind, id`)
	if err != nil {
		return c, true, err
	}
	defer rows.Close()
	var sum org.StateSum
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return c, true, err
		}
		sum.Add([]byte(text))
		effect, err := org.DecodeEffect([]byte(text))
		if err != nil {
			return c, true, &org.ChainError{Revision: c.Revision, Problem: "what its checkpoint says of the state is damaged: " + err.Error()}
		}
		visit(effect)
	}
	if err := rows.Err(); err != nil {
		return c, true, err
	}
	if sum != c.State {
		return c, true, &org.ChainError{Revision: c.Revision, Problem: "what its checkpoint says of the state was changed"}
	}
	return c, true, nil
}
