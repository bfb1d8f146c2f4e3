package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/keyreeve/keyreeve/internal/token"
)

// population is keys with known values: in a database, and in files for wrk.
// They are the same in every run and never leave the run's directory.
type population struct {
	keys    []byte // one after another, in random order
	width   int    // bytes of a key
	digests []token.Digest

	all     keyFile // all of them
	good    keyFile // those in use
	unknown keyFile // well-formed, and none of them
	mixed   keyFile // nine tenths good and in use, a twentieth unknown, a twentieth malformed
}

// inUse is the part of the keys that the clients present. Once a minute each
// such key has its use written; see gatewayBench.firstUses for the others.
const inUse = 10

// mint draws n keys that will be good, and junk for them.
func (b *bench) mint(n int) (*population, error) {
	source := rand.NewChaCha8([32]byte{3})
	p := &population{digests: make([]token.Digest, n)}
	draw := func(n int, note func(i int, s token.Secret)) ([]byte, error) {
		var keys []byte
		for i := range n {
			secret, err := token.Mint(token.KindAdmin, source)
			if err != nil {
				return nil, err
			}
			keys = append(keys, secret.Reveal()...)
			note(i, secret)
		}
		return keys, nil
	}
	var err error
	if p.keys, err = draw(n, func(i int, s token.Secret) { p.digests[i] = s.Digest() }); err != nil {
		return nil, err
	}
	p.width = len(p.keys) / n
	good := p.keys[:max(1, n/inUse)*p.width]
	unknown, err := draw(max(1, n/inUse/18), func(int, token.Secret) {})
	if err != nil {
		return nil, err
	}
	malformed := bytes.Clone(unknown)
	for i := p.width - 1; i < len(malformed); i += p.width {
		malformed[i] = '-' // in no checksum
	}
	for _, f := range []struct {
		file  *keyFile
		name  string
		parts [][]byte
	}{
		{&p.all, "all", [][]byte{p.keys}},
		{&p.good, "good", [][]byte{good}},
		{&p.unknown, "unknown", [][]byte{unknown}},
		{&p.mixed, "mixed", [][]byte{good, unknown, malformed}},
	} {
		*f.file = keyFile{filepath.Join(b.dir, "keys-"+f.name), p.width}
		if err := os.WriteFile(f.file.name, bytes.Join(f.parts, nil), 0o600); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// seedGateway makes a SQLite database with the keys of a population and the
// key that the first start makes, of which they are copies.
func (b *bench) seedGateway(e *engine, p *population) (url string, err error) {
	url, db, err := b.fresh(e, "gateway")
	if err != nil {
		return "", err
	}
	defer db.Close()
	var digests []byte
	for _, d := range p.digests {
		digests = append(digests, d[:]...)
	}
	text := fmt.Sprintf(seedKeys, seededTime, `printf('%016d', i)`, `substr($2, 32 * i - 31, 32)`, seededAt,
		`(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < $1) SELECT i FROM s)`)
	if _, err := db.Exec(`PRAGMA synchronous = OFF`); err != nil {
		return "", err
	}
	if _, err := db.Exec(text, len(p.digests), digests); err != nil {
		return "", fmt.Errorf("seed keys with known values: %w", err)
	}
	_, err = db.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
	return url, err
}
