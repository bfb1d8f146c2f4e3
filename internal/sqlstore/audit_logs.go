package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	mathbits "math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/keyreeve/keyreeve/internal/org"
)

// AuditEvents implements org.Store (list-audit-logs). A page is read in the
// order of the log: what filters there are say which revisions to look at, and
// each event that is read is looked at again.
func (s *Store) AuditEvents(ctx context.Context, q org.AuditQuery) ([]org.AuditEvent, error) {
	r := &auditReader{s: s, ctx: ctx, q: q, size: auditRows(q.Limit)}
	if err := r.read(); err != nil {
		return nil, s.classify(fmt.Errorf("read the audit log: %w", err))
	}
	return r.out, nil
}

// auditReader reads one page.
type auditReader struct {
	s    *Store
	ctx  context.Context //nolint:containedctx // of one call
	q    org.AuditQuery
	size int // of the statements
	out  []org.AuditEvent
}

// auditRows is how many rows a statement is limited to, beyond what the page
// needs: each number is a statement to prepare and to keep.
func auditRows(limit int) int {
	const small = 21 // of a page of the default size, and one to see whether there is more
	if limit <= small {
		return small
	}
	return max(limit, org.MaxPage+1)
}

func (r *auditReader) full() bool { return len(r.out) >= r.q.Limit }

// add keeps an event that matches.
func (r *auditReader) add(e org.AuditEvent) {
	if !r.full() && r.q.Matches(e) {
		r.out = append(r.out, e)
	}
}

// span is a range of revisions, with both ends.
type span struct{ low, high int64 }

func (r *auditReader) read() error {
	at, err := r.s.auditHead(r.ctx)
	if err != nil {
		return err
	}
	all, err := r.bounds(span{at.first, at.last})
	if err != nil || all.low > all.high {
		return err
	}
	switch {
	case !r.q.Lists():
		return r.scan(all)
	case len(r.q.Resources) > 0:
		return r.walk(all, r.resources)
	}
	terms, some, err := r.terms()
	if err != nil {
		return err
	}
	indexed := func() error {
		in := span{all.low, min(all.high, at.indexed)}
		if !some { // more combinations than are looked up
			return r.scan(in)
		}
		return r.walk(in, func(in span) ([]int64, span, error) { return r.posted(terms, in) })
	}
	rest := func() error { return r.scan(span{max(all.low, at.indexed+1), all.high}) }
	if r.q.Ascending {
		return cmp.Or(indexed(), rest())
	}
	return cmp.Or(rest(), indexed())
}

// bounds cuts a span down to what the cursors and the times leave of it.
func (r *auditReader) bounds(all span) (span, error) {
	// A cursor with a tilde is behind its own event and before the next.
	for _, b := range []struct {
		given bool
		text  string
		value any
		cut   func(first int64)
	}{
		{r.q.After != "", firstWithID, r.q.After, func(first int64) { all.high = min(all.high, first-1) }},
		{r.q.Before != "", firstWithID, r.q.Before + "~", func(first int64) { all.low = max(all.low, first) }},
		{r.q.From != 0, firstAt, r.q.From, func(first int64) { all.low = max(all.low, first) }},
		{r.q.Until != 0, firstAt, r.q.Until, func(first int64) { all.high = min(all.high, first-1) }},
	} {
		if !b.given {
			continue
		}
		var first int64
		if err := r.s.queryRow(r.ctx, b.text, b.value).Scan(&first); err != nil {
			return all, err
		}
		b.cut(first)
	}
	return all, nil
}

// The first revision whose id or time is not before a given one. Both grow with
// the revision, so neither needs an index: twenty rows are looked at in a log
// of a million.
const (
	firstWithID = halve + `e.id < $1` + lower + `e.id < $1` + upper
	firstAt     = halve + `e.at < $1` + lower + `e.at < $1` + upper

	halve = `WITH RECURSIVE s (low, high) AS (
SELECT COALESCE((SELECT MIN(revision) FROM events), 1), COALESCE((SELECT MAX(revision) FROM events), 0) + 1
UNION ALL
SELECT CASE WHEN `
	lower = ` THEN s.low + (s.high - s.low) / 2 + 1 ELSE s.low END, CASE WHEN `
	upper = ` THEN s.high ELSE s.low + (s.high - s.low) / 2 END
FROM s JOIN events e ON e.revision = s.low + (s.high - s.low) / 2 WHERE s.low < s.high)
SELECT MAX(low) FROM s`
)

// auditHead says which revisions there are, and how far they are in the index.
type auditHead struct{ first, last, indexed int64 }

func (s *Store) auditHead(ctx context.Context) (at auditHead, err error) {
	err = s.queryRow(ctx, `SELECT (SELECT COALESCE(MIN(revision), 1) FROM events), revision, indexed FROM log_head WHERE id = 1`).
		Scan(&at.first, &at.last, &at.indexed)
	return at, err
}

const auditColumns = `SELECT e.revision, e.record, COALESCE(p.name, '') FROM events e LEFT JOIN projects p ON p.id = e.project_id WHERE e.revision `

// scan reads every event of a span until the page is full.
func (r *auditReader) scan(in span) error {
	size := r.size
	if r.q.Lists() { // few will match
		size = org.MaxPage + 1
	}
	for in.low <= in.high && !r.full() {
		text := auditColumns + `BETWEEN $1 AND $2 ORDER BY e.revision` + r.direction()
		last, n, err := r.rows(text+` LIMIT `+strconv.Itoa(size), in.low, in.high)
		if err != nil || n < size {
			return err
		}
		in = r.beyond(in, last)
	}
	return nil
}

// direction ends an ORDER BY.
func (r *auditReader) direction() string {
	if r.q.Ascending {
		return ""
	}
	return ` DESC`
}

// beyond is what is left of a span after a revision.
func (r *auditReader) beyond(in span, revision int64) span {
	if r.q.Ascending {
		return span{revision + 1, in.high}
	}
	return span{in.low, revision - 1}
}

// walk reads the revisions that next finds, in order, until the page is full.
// next says which span is left, with nothing in it at the end.
func (r *auditReader) walk(in span, next func(span) ([]int64, span, error)) error {
	for in.low <= in.high && !r.full() {
		revisions, rest, err := next(in)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(revisions, r.size) {
			if r.full() {
				return nil
			}
			args := make([]any, r.size)
			for i := range args { // filled up with the last one again
				args[i] = chunk[min(i, len(chunk)-1)]
			}
			text := auditColumns + `IN ` + placeholders(1, r.size) + ` ORDER BY e.revision` + r.direction()
			if _, _, err := r.rows(text, args...); err != nil {
				return err
			}
		}
		in = rest
	}
	return nil
}

// rows adds the events of a statement, and returns the last revision and how
// many there were.
func (r *auditReader) rows(text string, args ...any) (last int64, n int, err error) {
	rows, err := r.s.query(r.ctx, text, args...)
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var record, project string
		if err := rows.Scan(&last, &record, &project); err != nil {
			return 0, 0, err
		}
		n++
		if r.full() {
			continue
		}
		e, err := org.DecodeAudit([]byte(record))
		if err != nil {
			return 0, 0, fmt.Errorf("revision %d: %w", last, err)
		}
		e.ProjectName = project
		r.add(e)
	}
	return last, n, rows.Err()
}

// resources finds the events of the resources that are asked for.
func (r *auditReader) resources(in span) ([]int64, span, error) {
	values := make([]any, 0, len(r.q.Resources))
	for _, id := range r.q.Resources {
		values = append(values, id)
	}
	text, args := r.union(revisionsOf, ` ORDER BY revision`, in, values)
	rows, err := r.s.query(r.ctx, text, args...)
	if err != nil {
		return nil, in, err
	}
	defer rows.Close()
	var found []int64
	for rows.Next() {
		var revision int64
		if err := rows.Scan(&revision); err != nil {
			return nil, in, err
		}
		found = append(found, revision)
	}
	if err := rows.Err(); err != nil {
		return nil, in, err
	}
	found = r.sorted(found)
	if len(found) < r.size {
		return found, span{1, 0}, nil
	}
	// Of each resource there are the first ones: up to here all are known.
	found = found[:r.size]
	return found, r.beyond(in, found[r.size-1]), nil
}

// sorted puts revisions into the order of the page, each once.
func (r *auditReader) sorted(revisions []int64) []int64 {
	slices.Sort(revisions)
	revisions = slices.Compact(revisions)
	if !r.q.Ascending {
		slices.Reverse(revisions)
	}
	return revisions
}

// The walks of a union, up to the value.
const (
	revisionsOf = `SELECT revision FROM (SELECT revision FROM events WHERE revision BETWEEN $1 AND $2 AND resource_id = `
	blocksOf    = `SELECT term, block, bits FROM (SELECT term, block, bits FROM audit_terms WHERE block BETWEEN $1 AND $2 AND term = `
)

// union puts a walk together for each value. Their number is rounded up to a
// power of two, the last one again: each number is a statement to keep.
func (r *auditReader) union(walk, order string, in span, values []any) (string, []any) {
	args := []any{in.low, in.high}
	var text strings.Builder
	for i := range powerOfTwo(len(values)) {
		if i > 0 {
			text.WriteString(` UNION `)
		}
		fmt.Fprintf(&text, "%s$%d%s%s LIMIT %d) AS w%d", walk, i+3, order, r.direction(), r.size, i)
		args = append(args, values[min(i, len(values)-1)])
	}
	return text.String(), args
}

// maxTerms is how many terms are looked up together.
const maxTerms = 64

// terms are those of which each event that matches has one, and false where
// that would be too many.
func (r *auditReader) terms() (terms []any, some bool, err error) {
	actors, kinds, projects := r.q.Actors, r.q.Types, r.q.Projects
	if len(actors) == 0 && len(r.q.Emails) > 0 {
		if actors, err = r.actorsOf(r.q.Emails); err != nil {
			return nil, false, err
		}
		if len(actors) == 0 {
			actors = []string{"nobody"} // in the index; the rest of the log is read anyway
		}
	}
	// Of three long lists the shortest make few enough, and what is read is
	// looked at again for the others.
	for max(1, len(actors))*max(1, len(kinds))*max(1, len(projects)) > maxTerms {
		switch longest := max(len(actors), len(kinds), len(projects)); longest {
		case len(kinds):
			kinds = nil
		case len(projects):
			projects = nil
		default:
			actors = nil
		}
	}
	if len(actors)+len(kinds)+len(projects) == 0 {
		return nil, false, nil
	}
	for _, actor := range orNone(actors) {
		for _, kind := range orNone(kinds) {
			for _, project := range orNone(projects) {
				terms = append(terms, termOf(actor, kind, project))
			}
		}
	}
	return terms, true, nil
}

func orNone[T ~string](values []T) []T {
	if len(values) == 0 {
		return []T{""}
	}
	return values
}

// actorsOf returns who had these addresses, as far as the index knows.
func (r *auditReader) actorsOf(emails []string) ([]string, error) {
	args := make([]any, powerOfTwo(len(emails)))
	for i := range args {
		args[i] = foldASCII(emails[min(i, len(emails)-1)])
	}
	rows, err := r.s.query(r.ctx, `SELECT actor_id FROM audit_emails WHERE email IN `+placeholders(1, len(args))+` ORDER BY actor_id`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return slices.Compact(out), rows.Err()
}

// posted finds the events that have one of the terms.
func (r *auditReader) posted(terms []any, in span) ([]int64, span, error) {
	blocks := span{in.low >> blockBits, in.high >> blockBits}
	text, args := r.union(blocksOf, ` ORDER BY block`, blocks, terms)
	rows, err := r.s.query(r.ctx, text, args...)
	if err != nil {
		return nil, in, err
	}
	defer rows.Close()
	found := make(map[int64]uint64) // bits by block
	seen := make(map[int64][]int64) // blocks by term, in order
	for rows.Next() {
		var p posting
		if err := rows.Scan(&p.term, &p.block, &p.bits); err != nil {
			return nil, in, err
		}
		found[p.block] |= uint64(p.bits)
		seen[p.term] = append(seen[p.term], p.block)
	}
	if err := rows.Err(); err != nil {
		return nil, in, err
	}
	known := in // where all blocks of all terms are known
	for _, blocks := range seen {
		if blocks = r.sorted(blocks); len(blocks) < r.size {
			continue
		}
		if last := blocks[r.size-1]; r.q.Ascending {
			known.high = min(known.high, last<<blockBits|(blockSize-1))
		} else {
			known.low = max(known.low, last<<blockBits)
		}
	}
	out := r.sorted(revisions(found, known))
	if len(out) > r.size {
		out = out[:r.size]
		return out, r.beyond(in, out[r.size-1]), nil
	}
	if r.q.Ascending {
		return out, span{known.high + 1, in.high}, nil
	}
	return out, span{in.low, known.low - 1}, nil
}

// revisions are those of a span that have their bit set.
func revisions(found map[int64]uint64, in span) (out []int64) {
	for block, bits := range found {
		for ; bits != 0; bits &= bits - 1 {
			revision := block<<blockBits + int64(mathbits.TrailingZeros64(bits))
			if revision >= in.low && revision <= in.high {
				out = append(out, revision)
			}
		}
	}
	return out
}
