package catalogue_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/internal/catalogue"
	"github.com/keyreeve/keyreeve/internal/org"
)

func TestDefaultHasTheCommonModels(t *testing.T) {
	t.Parallel()
	c := catalogue.Default()
	byName := map[string]org.RateLimit{}
	for _, m := range c.Models() {
		byName[m.Model] = m
	}
	for _, name := range []string{"text-embedding-3-small", "gpt-4o", "gpt-4o-mini", "gpt-5", "o3"} {
		m, ok := byName[name]
		if !ok || m.RequestsPerMinute <= 0 || m.TokensPerMinute <= 0 {
			t.Errorf("%s: %+v", name, m)
		}
		if m.ImagesPerMinute != org.DefaultLimit || m.AudioMegabytesPerMinute != org.DefaultLimit {
			t.Errorf("%s has limits of images or audio: %+v", name, m)
		}
	}
	others := org.NoLimits("", "others")
	others.RequestsPerMinute = 500
	if diff := cmp.Diff(&others, c.Others()); diff != "" {
		t.Errorf("models that are not listed (-want +got):\n%s", diff)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "models.json")
	text := `{
  "others": {"max_requests_per_1_minute": 60},
  "models": [
    {"model": "meta-llama/Llama-3.1-8B", "max_requests_per_1_minute": 0, "max_tokens_per_1_minute": 10, "max_requests_per_1_day": 7},
    {"model": "a", "max_requests_per_1_minute": 1, "max_tokens_per_1_minute": 2, "max_images_per_1_minute": 3,
     "max_audio_megabytes_per_1_minute": 4, "max_requests_per_1_day": 5, "batch_1_day_max_input_tokens": 6}
  ]
}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := catalogue.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	llama, rest := org.NoLimits("", "meta-llama/Llama-3.1-8B"), org.NoLimits("", "others")
	llama.RequestsPerMinute, llama.TokensPerMinute, llama.RequestsPerDay = 0, 10, 7
	rest.RequestsPerMinute = 60
	want := []org.RateLimit{
		{
			Model: "a", RequestsPerMinute: 1, TokensPerMinute: 2, ImagesPerMinute: 3,
			AudioMegabytesPerMinute: 4, RequestsPerDay: 5, BatchInputTokensPerDay: 6,
		},
		llama, rest,
	}
	if diff := cmp.Diff(want, append(c.Models(), *c.Others())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMistakesAreNamedWithTheirLine(t *testing.T) {
	t.Parallel()
	const good = `"max_requests_per_1_minute": 1, "max_tokens_per_1_minute": 2}`
	for text, want := range map[string]string{
		``:                               "line 1: it is not JSON",
		"[]":                             "line 1: expected an object",
		"{}":                             "line 1: the member models is missing",
		"{\n\"models\": {}}":             "line 2: expected an array of models",
		"{\n\n\"model\": []}":            `line 3: the member "model" is not known`,
		"{\"models\": []}\n{}":           "line 1: something follows the object",
		"{\"models\": [\n{]}":            "line 2: it is not JSON",
		"{\"models\": [\n\n{\"x\": 1}]}": `line 3: the member "x" is not known`,
		"{\"models\": [\n{\"model\": \"a\", \"max_requests_per_1_minute\":\n1.5}]}":            "line 3: max_requests_per_1_minute",
		"{\"models\": [\n{\"model\": \"a\", \"max_requests_per_1_minute\":\n\"1\"}]}":          "line 3: max_requests_per_1_minute: a JSON string cannot stand here",
		"{\"models\": [\n{\"model\": \"a\"}]}":                                                 `line 2: model "a" lacks`,
		"{\"models\": [\n{\"model\": \"a b\", " + good + "]}":                                  `line 2: model "a b": ' ' cannot stand in a name`,
		"{\"models\": [\n{\"model\": \"\", " + good + "]}":                                     "line 2: a model has no name",
		"{\"models\": [{\"model\": \"a\", " + good + ",\n{\"model\": \"a\", " + good + "]}":    `models "a" and "a" have the same id rl-a`,
		"{\"models\": [{\"model\": \"a/b\", " + good + ",{\"model\": \"a--b\", " + good + "]}": "have the same id rl-a--b",
		"{\"models\": [\n{\"model\": \"a\", \"max_images_per_1_minute\": -1, " + good + "]}":   "line 2: a: max_images_per_1_minute is -1, expected 0 to 1000000000000",
		"{\"models\": [],\n\"others\": {\"model\": \"a\"}}":                                    `line 2: the member "model" is not known`,
		"{\"models\": [],\n\"models\": []}":                                                    "line 2: it is not JSON",
	} {
		_, err := catalogue.Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
	if _, err := catalogue.Read("/nowhere/models.json"); err == nil || !strings.Contains(err.Error(), "/nowhere/models.json") {
		t.Errorf("a file that is not there: %v", err)
	}
}
