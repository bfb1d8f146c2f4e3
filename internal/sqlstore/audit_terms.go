package sqlstore

import (
	"cmp"
	"slices"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
)

// The audit index: which of 32 revisions, a block, have a term. It is written
// when a block is complete, in the transaction that completes it, so that the
// events of a block share their rows. The rest of the log is read as it is. See
// docs/decisions/0012-audit-index.md.
const (
	blockBits = 5
	blockSize = 1 << blockBits

	// maxIndexed is how many events one transaction puts into the index. More
	// are waiting only after a server without the index has written.
	maxIndexed = 32 * blockSize
)

// audited is what the index knows an event by.
type audited struct {
	revision          int64
	kind              org.EventType
	actor, key, email string
	project           string
}

func auditedOf(revision int64, t org.EventType, a org.Actor, project string) audited {
	return audited{revision: revision, kind: t, actor: a.OwnerID, key: a.KeyID, email: a.Email, project: project}
}

// termOf is the hash (FNV-1a) of an actor, a type and a project, of which those
// that are empty are not asked for. Two terms with one hash cost a look at the
// events of both.
func termOf(actor string, kind org.EventType, project string) int64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for _, part := range [...]string{actor, string(kind), project} {
		for i := range len(part) {
			h = (h ^ uint64(part[i])) * prime
		}
		h *= prime // a zero between them
	}
	return int64(h)
}

// terms calls add with each term of an event.
func (e audited) terms(add func(term int64)) {
	actors := []string{"", e.actor, e.key}
	for i, actor := range actors {
		if i > 0 && actor == "" {
			continue
		}
		for _, kind := range []org.EventType{"", e.kind} {
			if actor != "" || kind != "" {
				add(termOf(actor, kind, ""))
			}
			if e.project != "" {
				add(termOf(actor, kind, e.project))
			}
		}
	}
}

// posting is a row of audit_terms.
type posting struct{ term, block, bits int64 }

func postings(events []audited) []posting {
	at := make(map[posting]int64) // bits by term and block
	for _, e := range events {
		e.terms(func(term int64) {
			at[posting{term: term, block: e.revision >> blockBits}] |= 1 << (e.revision % blockSize)
		})
	}
	rows := make([]posting, 0, len(at))
	for p, bits := range at {
		p.bits = bits
		rows = append(rows, p)
	}
	slices.SortFunc(rows, func(a, b posting) int { return cmp.Or(cmp.Compare(a.term, b.term), cmp.Compare(a.block, b.block)) })
	return rows
}

// unindexed are the events at the end of the log that are not in the index, as
// the process that wrote them knows them.
type unindexed struct {
	events []audited
	head   [32]byte // the hash of the last one
}

// index puts the blocks into the index that the log, which ends at head now,
// completes. fresh are the events of this transaction. It returns how far the
// log is in the index, and keeps those that are not for the next transaction.
func (t *tx) index(fresh []audited, head org.Head) (int64, error) {
	var waiting []audited
	if before := t.group.unindexed; before.head == t.head.Hash && int64(len(before.events)) == t.head.Revision-t.indexed {
		waiting = slices.Concat(before.events, fresh)
		t.unindexed = unindexed{waiting, head.Hash}
	}
	to := min((head.Revision+1)&^(blockSize-1), (t.indexed+1+maxIndexed)&^(blockSize-1)) - 1
	if to <= t.indexed {
		return t.indexed, nil
	}
	if waiting == nil { // another replica wrote, or this one has just started
		var err error
		if waiting, err = t.auditedSince(t.indexed, head.Revision); err != nil {
			return 0, err
		}
	}
	done, _ := slices.BinarySearchFunc(waiting, to+1, func(e audited, revision int64) int { return cmp.Compare(e.revision, revision) })
	t.unindexed = unindexed{slices.Clone(waiting[done:]), head.Hash}
	return to, t.writeTerms(waiting[:done])
}

const (
	recordsBetween = `SELECT revision, record FROM events WHERE revision > $1 AND revision <= $2 ORDER BY revision`
	setIndexed     = `UPDATE log_head SET indexed = $1 WHERE id = 1`
)

// auditedSince reads events back. One whose record is damaged has no terms: that
// is for audit verify to tell, and must not stop the log.
func (t *tx) auditedSince(after, end int64) ([]audited, error) {
	stmt, err := t.group.conn.prepare(t.ctx, recordsBetween)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(t.ctx, after, min(end, after+maxIndexed+blockSize))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []audited
	for rows.Next() {
		var revision int64
		var text string
		if err := rows.Scan(&revision, &text); err != nil {
			return nil, err
		}
		e, _ := org.DecodeAudit([]byte(text))
		out = append(out, auditedOf(revision, e.Type, e.Actor, e.ProjectID))
	}
	return out, rows.Err()
}

const maxTermRows = 512

func (t *tx) writeTerms(events []audited) error {
	for rows := range slices.Chunk(postings(events), maxTermRows) {
		args := make([]any, 0, 3*powerOfTwo(len(rows)))
		for len(args) < cap(args) { // filled up with the last one again
			p := rows[min(len(args)/3, len(rows)-1)]
			args = append(args, p.term, p.block, p.bits)
		}
		if err := t.group.conn.exec(t.ctx, insertTerms(len(args)/3), args...); err != nil {
			return err
		}
	}
	return t.writeEmails(events)
}

func (t *tx) writeEmails(events []audited) error {
	type pair struct{ email, actor string }
	var pairs []pair
	for _, e := range events {
		if p := (pair{foldASCII(e.email), e.actor}); e.email != "" && e.actor != "" && !slices.Contains(pairs, p) {
			pairs = append(pairs, p)
		}
	}
	for chunk := range slices.Chunk(pairs, maxTermRows) {
		args := make([]any, 0, 2*powerOfTwo(len(chunk)))
		for len(args) < cap(args) {
			p := chunk[min(len(args)/2, len(chunk)-1)]
			args = append(args, p.email, p.actor)
		}
		if err := t.group.conn.exec(t.ctx, insertEmails(len(args)/2), args...); err != nil {
			return err
		}
	}
	return nil
}

func insertTerms(n int) string {
	return `INSERT INTO audit_terms (term, block, bits) VALUES ` + rows(n, 3) + ` ON CONFLICT (term, block) DO NOTHING`
}

func insertEmails(n int) string {
	return `INSERT INTO audit_emails (email, actor_id) VALUES ` + rows(n, 2) + ` ON CONFLICT (email, actor_id) DO NOTHING`
}

// indexBacklog puts what a server without the index has written into it, until
// less than a block is left. Where it cannot, the audit log is as complete and
// its filters are slow.
func (g *group) indexBacklog() {
	for {
		done, err := g.indexSome()
		if err != nil {
			g.logger.Warn("events of the log wait for the audit index", "error", err)
		}
		if err != nil || done {
			return
		}
	}
}

func (g *group) indexSome() (done bool, err error) {
	ctx, cancel := g.within(time.Now(), 2*time.Second) // nobody waits for it
	defer cancel()
	t, err := g.begin(ctx)
	if err != nil {
		return false, err
	}
	to, err := t.index(nil, t.head)
	if err == nil && to > t.indexed {
		err = g.conn.exec(ctx, setIndexed, to)
	}
	if err != nil || to == t.indexed {
		g.rollback(ctx)
		return err == nil, err
	}
	if err := g.conn.exec(ctx, `COMMIT`); err != nil {
		g.conn.discard()
		return false, err
	}
	return false, nil
}
