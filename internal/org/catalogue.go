package org

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// MaxRateLimit bounds every number of a rate limit.
const MaxRateLimit = 1_000_000_000_000

// PrefixRateLimit begins the id of a rate limit. The model's name follows, with
// a double hyphen for each slash, which cannot stand in a path.
const PrefixRateLimit = "rl-"

// RateLimitID returns the id of a model's rate limit, the same in each project.
func RateLimitID(model string) string {
	return PrefixRateLimit + strings.ReplaceAll(model, "/", "--")
}

// Catalogue is the operator's list of models with the limits that projects have
// where they have none of their own. The zero value has no models.
type Catalogue struct {
	models []RateLimit // in the order of their ids; without a project
	others *RateLimit
}

// NewCatalogue returns a catalogue. others, which may be nil, limits all models
// that are not in it, together. The error names the model that cannot be.
func NewCatalogue(models []RateLimit, others *RateLimit) (Catalogue, error) {
	c := Catalogue{models: slices.Clone(models), others: others}
	slices.SortFunc(c.models, func(a, b RateLimit) int { return cmp.Compare(RateLimitID(a.Model), RateLimitID(b.Model)) })
	for i, m := range c.models {
		if err := checkModel(m.Model); err != nil {
			return Catalogue{}, err
		}
		if i > 0 && RateLimitID(m.Model) == RateLimitID(c.models[i-1].Model) {
			return Catalogue{}, fmt.Errorf("models %q and %q have the same id %s: name one of them", c.models[i-1].Model, m.Model, RateLimitID(m.Model))
		}
	}
	return c, nil
}

// maxModelName is the length of a model's name in bytes.
const maxModelName = 200

// checkModel accepts what can stand in a path as part of an id and in a header.
func checkModel(name string) error {
	bad := strings.IndexFunc(name, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.:/@+", r))
	})
	switch {
	case name == "":
		return fmt.Errorf("a model has no name")
	case len(name) > maxModelName:
		return fmt.Errorf("model %q: its name has %d characters, at most %d are possible", name[:20]+"…", len(name), maxModelName)
	case bad >= 0:
		return fmt.Errorf("model %q: %q cannot stand in a name: use letters, digits and -_.:/@+", name, []rune(name[bad:])[0])
	}
	return nil
}

// Models returns the limits of the catalogue in the order of their ids.
func (c Catalogue) Models() []RateLimit { return slices.Clone(c.models) }

// Others returns the limits of all other models together, nil for none.
func (c Catalogue) Others() *RateLimit { return c.others }

// find returns the limits of the model with this rate limit id.
func (c Catalogue) find(id string) (RateLimit, bool) {
	i, ok := slices.BinarySearchFunc(c.models, id, func(m RateLimit, id string) int { return cmp.Compare(RateLimitID(m.Model), id) })
	if !ok {
		return RateLimit{}, false
	}
	return c.models[i], true
}
