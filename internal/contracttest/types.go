package contracttest

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// CheckType holds the Go type T against the named schema of the contract:
//
//   - both have the same members, at every depth;
//   - a member that the schema requires is never left out of the JSON;
//   - a member is a pointer where it may be null, and nowhere else unless it
//     is left out when nil;
//   - strings, integers, numbers, booleans, arrays and objects are such.
//
// A Go type does not show its constants, so they are checked on examples: each
// must be valid against the closed schema.
func CheckType[T any](tb testing.TB, schema string, examples ...T) {
	tb.Helper()
	check(tb, schema, examples, "components", "schemas", schema)
}

// CheckResponse is CheckType for the body of an operation's successful
// response, which need not have a name in the contract.
func CheckResponse[T any](tb testing.TB, operation string, examples ...T) {
	tb.Helper()
	checkOperation(tb, operation, examples, "responses", "200")
}

// CheckRequest is CheckType for the body of an operation's request, where also
// a member that the schema does not require can be left out.
func CheckRequest[T any](tb testing.TB, operation string, examples ...T) {
	tb.Helper()
	checkOperation(tb, operation, examples, "requestBody")
}

func checkOperation[T any](tb testing.TB, id string, examples []T, body ...string) {
	tb.Helper()
	op, ok := load().operation(id)
	if !ok {
		tb.Errorf("the contract has no operation %s", id)
		return
	}
	at := slices.Concat(op.node, body, []string{"content", "application/json", "schema"})
	check(tb, id, examples, at...)
}

func check[T any](tb testing.TB, name string, examples []T, at ...string) {
	tb.Helper()
	c := load()
	schema, err := c.compile(at...)
	if err != nil {
		tb.Error(err)
		return
	}
	comparison := comparison{document: c.document, request: slices.Contains(at, "requestBody")}
	comparison.compare("", reflect.TypeFor[T](), c.at(at...))
	for _, problem := range comparison.problems {
		tb.Errorf("%s and %v: %s", name, reflect.TypeFor[T](), problem)
	}
	for i, example := range examples {
		if err := validateExample(schema, example); err != nil {
			tb.Errorf("%s, example %d: %v", name, i, err)
		}
	}
}

func validateExample(schema *jsonschema.Schema, example any) error {
	body, err := json.Marshal(example)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// comparison walks a Go type and a schema side by side.
type comparison struct {
	document object
	request  bool
	problems []string
}

func (c *comparison) add(path, format string, args ...any) {
	if path != "" {
		path = strings.TrimPrefix(path, ".") + ": "
	}
	c.problems = append(c.problems, path+fmt.Sprintf(format, args...))
}

func (c *comparison) compare(path string, t reflect.Type, schema object) {
	schema, _ = unwrapNull(c.document, schema)
	want, _ := schema["type"].(string)
	if got := jsonType(t); got != want {
		c.add(path, "the Go type %v is %s, the schema says %s", t, got, want)
		return
	}
	switch {
	case t.Kind() == reflect.Slice:
		items, _ := schema["items"].(object)
		c.compare(path+"[]", deref(t.Elem()), items)
	case t.Kind() == reflect.Struct:
		c.compareStruct(path, t, schema)
	}
}

func (c *comparison) compareStruct(path string, t reflect.Type, schema object) {
	properties, _ := schema["properties"].(object)
	required, _ := schema["required"].([]any)
	fields := members(t)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		at := path + "." + name
		field, ok := fields[name]
		if !ok {
			c.add(at, "the Go type lacks it")
			continue
		}
		property, _ := properties[name].(object)
		c.comparePresence(at, field, property, slices.Contains(required, any(name)))
		c.compare(at, deref(field.Type), property)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if _, ok := properties[name]; !ok {
			c.add(path+"."+name, "the schema lacks it")
		}
	}
}

// comparePresence checks when a member is left out and when it is null.
func (c *comparison) comparePresence(path string, field reflect.StructField, property object, required bool) {
	_, nullable := unwrapNull(c.document, property)
	isPointer := field.Type.Kind() == reflect.Pointer
	switch optional := isOptional(field); {
	case required && optional:
		c.add(path, "required, but the Go type can leave it out")
	case c.request && !required && !optional:
		c.add(path, "not required, but the Go type cannot leave it out")
	case nullable && !isPointer:
		c.add(path, "may be null, but the Go type is no pointer")
	case !nullable && isPointer && !optional:
		c.add(path, "never null, but the Go type is a pointer")
	}
}

// unwrapNull resolves a schema and takes the null branch away from it.
func unwrapNull(document, schema object) (_ object, nullable bool) {
	schema = resolve(document, schema)
	branches, _ := schema["anyOf"].([]any)
	var rest []object
	for _, branch := range branches {
		if branch := branch.(object); branch["type"] == "null" {
			nullable = true
		} else {
			rest = append(rest, branch)
		}
	}
	if len(rest) == 0 {
		return schema, nullable
	}
	// Several branches left are a string with suggested values in all of the
	// contract: the first says the type.
	return resolve(document, rest[0]), nullable
}
