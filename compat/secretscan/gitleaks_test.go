package secretscan

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
	"github.com/zricethezav/gitleaks/v8/sources"

	"github.com/keyreeve/keyreeve/internal/token"
)

// The tests of gitleaks do not run in parallel: it reads the
// configuration that another extends through a global.

func TestGitleaksFindsEveryIssuedKey(t *testing.T) { //nolint:paralleltest // see above
	keys := issuedKeys(t)
	mustFindAll(t, keys, gitleaks(t, rules, writeTexts(t, keys)))
}

func TestGitleaksPassesOverNearMisses(t *testing.T) { //nolint:paralleltest // see above
	values, what := nearMisses(t)
	mustFindNone(t, what, gitleaks(t, rules, writeTexts(t, values)))
}

// TestGitleaksCannotCheckTheSum says what the documentation does: a string with
// the form of a key and a wrong checksum is reported.
func TestGitleaksCannotCheckTheSum(t *testing.T) { //nolint:paralleltest // see above
	values := wrongSums(t)
	mustFindAll(t, values, gitleaks(t, rules, writeTexts(t, values)))
}

func TestGitleaksLooksIntoBase64(t *testing.T) { //nolint:paralleltest // see above
	keys := issuedKeys(t)[:3]
	dir := t.TempDir()
	var secret strings.Builder
	for _, key := range keys {
		secret.WriteString("  key: " + base64.StdEncoding.EncodeToString([]byte(key)) + "\n")
	}
	if err := os.WriteFile(filepath.Join(dir, "secret.yaml"), []byte(secret.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	mustFindAll(t, keys, gitleaks(t, rules, dir))
}

// TestGitleaksOwnAllowListHidesFewKeys says what the documentation does of the
// rule in a configuration that extends that of gitleaks: a key is missed only
// where gitleaks' own allow list passes over a word in it.
func TestGitleaksOwnAllowListHidesFewKeys(t *testing.T) { //nolint:paralleltest // see above
	rule, err := os.ReadFile(rules)
	if err != nil {
		t.Fatal(err)
	}
	extended := filepath.Join(t.TempDir(), "extended.toml")
	if err := os.WriteFile(extended, append([]byte("[extend]\nuseDefault = true\n"), rule...), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, missed := issuedKeys(t), 0
	found := gitleaks(t, extended, writeTexts(t, keys))
	for _, key := range keys {
		if !slices.Contains(found, key) {
			missed++
			if word := strings.ToLower(key); !strings.Contains(word, "false") && !strings.HasSuffix(word, "null") {
				t.Errorf("%s was missed for another reason", token.Redact(key))
			}
		}
	}
	t.Logf("%d of %d missed", missed, len(keys))
}

// rules is the published file.
var rules = filepath.Join("..", "..", "docs", "secret-scanning", "gitleaks.toml")

// gitleaks scans dir as `gitleaks dir --config` does and returns what our rule
// found.
func gitleaks(t *testing.T, file, dir string) (found []string) {
	t.Helper()
	v := viper.New()
	v.SetConfigFile(file)
	if err := v.ReadInConfig(); err != nil {
		t.Fatal(err)
	}
	var raw config.ViperConfig
	if err := v.Unmarshal(&raw); err != nil {
		t.Fatal(err)
	}
	cfg, err := raw.Translate()
	if err != nil {
		t.Fatal(err)
	}
	detector := detect.NewDetectorContext(t.Context(), cfg)
	detector.MaxDecodeDepth = 5 // the default of the command
	findings, err := detector.DetectSource(t.Context(), &sources.Files{Config: &cfg, Path: dir, Sema: detector.Sema})
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		if finding.RuleID == "keyreeve-api-key" {
			found = append(found, finding.Secret)
		}
	}
	return found
}
