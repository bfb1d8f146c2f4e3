package secretscan

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestTruffleHogRuleFindsEveryIssuedKey(t *testing.T) {
	t.Parallel()
	keys := issuedKeys(t)
	mustFindAll(t, keys, trufflehog(t, writeTexts(t, keys)))
}

func TestTruffleHogRulePassesOverNearMisses(t *testing.T) {
	t.Parallel()
	values, what := nearMisses(t)
	mustFindNone(t, what, trufflehog(t, writeTexts(t, values)))
}

func TestTruffleHogRuleCannotCheckTheSum(t *testing.T) {
	t.Parallel()
	values := wrongSums(t)
	mustFindAll(t, values, trufflehog(t, writeTexts(t, values)))
}

// detector is one custom detector, with the settings that we use. Another one in
// the file is an error: it would not be tested.
type detector struct {
	Name        string
	Description string
	Keywords    []string
	Regex       map[string]string
	Entropy     float64
	Exclude     []string `yaml:"exclude_regexes_capture"`
}

// trufflehog applies the detector to the files in dir: TruffleHog compiles the
// expression with Go's regexp, takes the first group as the secret, and drops
// one with less entropy or with an excluded part.
func trufflehog(t *testing.T, dir string) (found []string) {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "docs", "secret-scanning", "trufflehog.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var cfg struct{ Detectors []detector }
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	if err := decoder.Decode(&cfg); err != nil {
		t.Fatal(err)
	}
	if len(cfg.Detectors) != 1 || len(cfg.Detectors[0].Regex) != 1 {
		t.Fatal("not one detector with one expression")
	}
	d := cfg.Detectors[0]
	expression := regexp.MustCompile(d.Regex["key"])

	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(d.Keywords, func(word string) bool { return strings.Contains(string(text), word) }) {
			return nil
		}
		for _, match := range expression.FindAllStringSubmatch(string(text), -1) {
			excluded := slices.ContainsFunc(d.Exclude, func(e string) bool { return regexp.MustCompile(e).MatchString(match[1]) })
			if !excluded && entropy(match[1]) >= d.Entropy {
				found = append(found, match[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// entropy is Shannon's, in bits a character.
func entropy(s string) (bits float64) {
	counts := map[rune]float64{}
	for _, r := range s {
		counts[r]++
	}
	for _, n := range counts {
		p := n / float64(len(s))
		bits -= p * math.Log2(p)
	}
	return bits
}
