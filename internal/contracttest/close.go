package contracttest

import (
	"fmt"
	"maps"
	"slices"
)

// closeSchemas rewrites every schema of the document in place so that objects
// accept the members they list and no others. Three things stand in the way of
// just adding additionalProperties:
//
//   - allOf, whose branches would refuse each other's members, is flattened
//     into one object, with what stands beside it: a reference, where an
//     extension adds members to one response of a shared schema;
//   - nullable, a keyword of OpenAPI 3.0 that JSON Schema ignores, becomes a
//     null branch;
//   - an object that lists no members, or that says itself what else it
//     accepts, stays as it is.
func closeSchemas(document object) (err error) {
	visitSchemas(document, func(schema object) {
		if _, ok := schema["allOf"]; ok && err == nil {
			err = flatten(document, schema)
		}
	})
	if err != nil {
		return err
	}
	visitSchemas(document, func(schema object) {
		_, lists := schema["properties"]
		_, says := schema["additionalProperties"]
		if lists && !says {
			schema["additionalProperties"] = false
		}
		if schema["nullable"] == true {
			delete(schema, "nullable")
			inner := maps.Clone(schema)
			clear(schema)
			schema["anyOf"] = []any{inner, object{"type": "null"}}
		}
	})
	return nil
}

// flatten replaces the allOf of a schema by the members and requirements of
// its branches.
func flatten(document, schema object) error {
	branches, _ := schema["allOf"].([]any)
	delete(schema, "allOf")
	properties, required := object{}, []any{}
	beside := maps.Clone(schema)
	delete(schema, "$ref")
	for _, branch := range append([]any{beside}, branches...) {
		branch, ok := branch.(object)
		if !ok {
			return fmt.Errorf("allOf of %v, which is no object", branch)
		}
		branch = resolve(document, branch)
		if _, ok := branch["allOf"]; ok {
			if err := flatten(document, branch); err != nil {
				return err
			}
		}
		more, _ := branch["properties"].(object)
		for name := range more {
			if _, twice := properties[name]; twice {
				return fmt.Errorf("allOf: two branches have a member %s", name)
			}
		}
		maps.Copy(properties, more)
		names, _ := branch["required"].([]any)
		required = append(required, names...)
	}
	schema["type"], schema["properties"], schema["required"] = "object", properties, required
	return nil
}

// visitSchemas calls visit for every schema of the document, the inner ones
// first.
func visitSchemas(document object, visit func(object)) {
	for _, name := range []string{"schemas", "responses"} {
		components, _ := document["components"].(object)
		children, _ := components[name].(object)
		for _, child := range children {
			visitWithin(child, name == "schemas", visit)
		}
	}
	visitWithin(document["paths"], false, visit)
}

// visitWithin walks a node that is a schema itself, or only holds some under
// members named schema.
func visitWithin(node any, isSchema bool, visit func(object)) {
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			visitWithin(child, isSchema, visit)
		}
	case object:
		if !isSchema {
			for name, child := range node {
				visitWithin(child, name == "schema", visit)
			}
			return
		}
		for _, child := range subschemas(node) {
			visitWithin(child, true, visit)
		}
		visit(node)
	}
}

// subschemas returns what stands directly within a schema and is one, or an
// array of some.
func subschemas(schema object) []any {
	children := []any{
		schema["items"], schema["additionalProperties"],
		schema["allOf"], schema["anyOf"], schema["oneOf"],
	}
	properties, _ := schema["properties"].(object)
	return slices.AppendSeq(children, maps.Values(properties))
}
