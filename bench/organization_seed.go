package main

import (
	"fmt"
	"strings"
)

// cascadeTime begins the ids of what is made to be deleted and archived.
const cascadeTime = "01JF000001"

// seededProject has all members, service accounts and keys that are listed.
const seededProject = "proj_" + seededTime + "0000000000000001"

func seededULID(i int) string { return fmt.Sprintf("%s%016d", seededTime, i) }

func cascadeULID(i int) string { return fmt.Sprintf("%s%016d", cascadeTime, i+1) }

func cascadeProject(i int) string { return "proj_" + cascadeULID(i) }

// seedOrganization makes a database with n rows of each resource, every second
// key a member's and the others those of service accounts. Beside them are as
// many service accounts with 10 000 keys as cascades says, each in a project, and
// after them as many projects with 10 000 keys of a member. As in seed, the rows
// have no events.
func (b *bench) seedOrganization(e *engine, name string, n, cascades int) (url string, err error) {
	url, db, err := b.fresh(e, name)
	if err != nil {
		return "", err
	}
	defer db.Close()
	if e.name == sqlite {
		if _, err := db.Exec(`PRAGMA synchronous = OFF`); err != nil {
			return "", err
		}
	}
	fill := func(rows int, texts []string) error {
		for _, text := range texts {
			if _, err := db.Exec(e.seedText(text), rows); err != nil {
				return fmt.Errorf("seed: %s: %w", text, err)
			}
		}
		return nil
	}
	if err := fill(n, organizationTexts); err != nil {
		return "", err
	}
	if err := fill(2*cascades, cascadeProjectTexts); err != nil {
		return "", err
	}
	if err := fill(cascades, cascadeAccountTexts); err != nil {
		return "", err
	}
	if err := fill(2*cascades*cascadeKeys, cascadeKeyTexts(cascades)); err != nil {
		return "", err
	}
	finish := []string{`PRAGMA wal_checkpoint(TRUNCATE)`}
	if e.name == postgres {
		finish = []string{`VACUUM (ANALYZE)`, `CHECKPOINT`}
	}
	for _, text := range finish {
		if _, err := db.Exec(text); err != nil {
			return "", err
		}
	}
	return url, nil
}

// seedText puts an engine's words into a text: SERIES yields i from 1 to $1, and
// DIGEST is one of its own for each row.
func (e *engine) seedText(text string) string {
	series, digest := `(WITH RECURSIVE s(i) AS (SELECT 1 WHERE 1 <= $1 UNION ALL SELECT i + 1 FROM s WHERE i < $1) SELECT i FROM s) AS s`, `randomblob(32)`
	if e.name == postgres {
		series, digest = `generate_series(1, $1::bigint) AS s(i)`, `sha256(convert_to(i || ' ' || random(), 'UTF8'))`
	}
	return strings.NewReplacer("SERIES", series, "DIGEST", digest).Replace(text)
}

// ulid is the end of an id with the number x, as seededID has it.
func ulid(time, x string) string {
	return fmt.Sprintf(`'%s' || substr(CAST(10000000000000000 + %s AS TEXT), 2)`, time, x)
}

var (
	organizationTexts = []string{
		`INSERT INTO users (id, name, email, role, created_at, technical_level, developer_persona)
SELECT 'user_' || ` + ulid(seededTime, "i") + `, 'user ' || i, 'user' || i || '@example.com', 'reader', 1734093045, '', '' FROM SERIES`,
		`INSERT INTO projects (id, name, is_default, created_at, archived_at, external_key_id, residency)
SELECT 'proj_' || ` + ulid(seededTime, "i") + `, 'project ' || i, 0, 1734093045, 0, '', '' FROM SERIES`,
		`INSERT INTO invites (id, email, role, inviter_id, created_at, expires_at, accepted_at, token_digest, projects)
SELECT 'invite_' || ` + ulid(seededTime, "i") + `, 'guest' || i || '@example.com', 'reader', 'user_1', 1734093045, 1734697845, 0, DIGEST, '[]' FROM SERIES`,
		`INSERT INTO project_users (project_id, user_id, role, added_at)
SELECT '` + seededProject + `', 'user_' || ` + ulid(seededTime, "i") + `, 'member', 1734093045 FROM SERIES`,
		`INSERT INTO service_accounts (id, project_id, name, role, created_at)
SELECT 'sa_' || ` + ulid(seededTime, "i") + `, '` + seededProject + `', 'account ' || i, 'member', 1734093045 FROM SERIES`,
		`INSERT INTO api_keys (kind, id, name, digest, redacted, created_at, expires_at, owner_type, owner_id, project_id)
SELECT 2 + i % 2, 'key_' || ` + ulid(seededTime, "i") + `, 'key ' || i, DIGEST, 'sk-proj...abc', 1734093045, 0,
CASE i % 2 WHEN 0 THEN 'user' ELSE 'service_account' END, CASE i % 2 WHEN 0 THEN 'user_' ELSE 'sa_' END || ` + ulid(seededTime, "i") + `, '` + seededProject + `' FROM SERIES`,
		`INSERT INTO key_uses (key_id, last_used_at) SELECT 'key_' || ` + ulid(seededTime, "i") + `, 1734093105 FROM SERIES`,
	}
	cascadeProjectTexts = []string{
		`INSERT INTO projects (id, name, is_default, created_at, archived_at, external_key_id, residency)
SELECT 'proj_' || ` + ulid(cascadeTime, "i") + `, 'cascade ' || i, 0, 1734093045, 0, '', '' FROM SERIES`,
	}
	cascadeAccountTexts = []string{
		`INSERT INTO service_accounts (id, project_id, name, role, created_at)
SELECT 'sa_' || ` + ulid(cascadeTime, "i") + `, 'proj_' || ` + ulid(cascadeTime, "i") + `, 'cascade ' || i, 'member', 1734093045 FROM SERIES`,
	}
)

// cascadeKeyTexts make keys of each project and their uses: in the first
// projects those of the service account, in the others those of a user.
func cascadeKeyTexts(accounts int) []string {
	project := fmt.Sprintf("(1 + (i - 1) / %d)", cascadeKeys)
	ofAccount := fmt.Sprintf("%s <= %d", project, accounts)
	return []string{
		`INSERT INTO api_keys (kind, id, name, digest, redacted, created_at, expires_at, owner_type, owner_id, project_id)
SELECT CASE WHEN ` + ofAccount + ` THEN 3 ELSE 2 END, 'key_' || ` + ulid(cascadeTime, "i") + `, 'key ' || i, DIGEST, 'sk-proj...abc', 1734093045, 0,
CASE WHEN ` + ofAccount + ` THEN 'service_account' ELSE 'user' END,
CASE WHEN ` + ofAccount + ` THEN 'sa_' || ` + ulid(cascadeTime, project) + ` ELSE 'user_' || ` + ulid(seededTime, project) + ` END,
'proj_' || ` + ulid(cascadeTime, project) + ` FROM SERIES`,
		`INSERT INTO key_uses (key_id, last_used_at) SELECT 'key_' || ` + ulid(cascadeTime, "i") + `, 1734093105 FROM SERIES`,
	}
}
