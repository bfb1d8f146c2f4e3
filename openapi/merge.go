package openapi

import (
	"fmt"
	"reflect"
	"slices"
)

// merge adds the tree extra to base. Objects are merged member by member and
// arrays joined without repeats. An extension may add to the contract and never
// change it: another value for something that is there already is an error.
func merge(base, extra map[string]any) error {
	for name, value := range extra {
		merged, err := mergeValue(base[name], value)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		base[name] = merged
	}
	return nil
}

func mergeValue(old, value any) (any, error) {
	switch old := old.(type) {
	case nil:
		return value, nil
	case map[string]any:
		if value, ok := value.(map[string]any); ok {
			return old, merge(old, value)
		}
	case []any:
		if value, ok := value.([]any); ok {
			return join(old, value), nil
		}
	}
	if !reflect.DeepEqual(old, value) {
		return nil, fmt.Errorf("the contract says %v, not %v", old, value)
	}
	return old, nil
}

func join(old, more []any) []any {
	for _, value := range more {
		same := func(other any) bool { return reflect.DeepEqual(value, other) }
		if !slices.ContainsFunc(old, same) {
			old = append(old, value)
		}
	}
	return old
}
