// Package contracttest holds responses and Go types to the contract in package
// openapi. Schemas are closed: a member that the contract (with Keyreeve's
// extensions) does not name is as wrong as one that is missing.
//
//	client := &http.Client{Transport: contracttest.Transport(t, http.DefaultTransport)}
//	// every response that passes through client is checked
//
//	contracttest.CheckResponse(t, "admin-api-keys-list", api.List[api.AdminAPIKey]{…})
//	contracttest.CheckCoverage(t, routedOperationIDs)
//
// No check prints a response body, since a body may hold a key's value.
package contracttest

import (
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/keyreeve/keyreeve/openapi"
)

// object is a JSON object of the document.
type object = map[string]any

// contract is the document, its schemas closed, with the operations found in
// it.
type contract struct {
	document   object
	operations []Operation
	compiler   *jsonschema.Compiler
	mu         sync.Mutex // guards compiler
}

// documentURL names the document to the schema compiler. Nothing is fetched.
const documentURL = "contract.json"

// load reads the contract once for all tests of the process.
var load = sync.OnceValue(func() *contract {
	document, err := openapi.Document()
	if err != nil {
		panic(err)
	}
	if err := closeSchemas(document); err != nil {
		panic(err)
	}
	compiler := jsonschema.NewCompiler() // JSON Schema 2020-12, which OpenAPI 3.1 uses
	if err := compiler.AddResource(documentURL, document); err != nil {
		panic(err)
	}
	return &contract{document: document, operations: findOperations(document), compiler: compiler}
})

// at returns the object under the given member names, nil where there is none.
func (c *contract) at(names ...string) object {
	node := c.document
	for _, name := range names {
		node, _ = node[name].(object)
	}
	return node
}

// compile returns the schema under the given member names.
func (c *contract) compile(names ...string) (*jsonschema.Schema, error) {
	if c.at(names...) == nil {
		return nil, fmt.Errorf("the contract has no %s", strings.Join(names, " "))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.compiler.Compile(documentURL + pointer(names...))
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", "%", "%25")

// pointer returns names as the fragment of a URL that holds a JSON pointer.
func pointer(names ...string) string {
	var b strings.Builder
	b.WriteString("#")
	for _, name := range names {
		b.WriteString("/" + pointerEscapes.Replace(name))
	}
	return b.String()
}

// resolve follows references to the object they stand for.
func resolve(document, schema object) object {
	for {
		ref, ok := schema["$ref"].(string)
		if !ok {
			return schema
		}
		node := document
		for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			node, _ = node[name].(object)
		}
		if node == nil {
			panic("unresolved reference " + ref)
		}
		schema = node
	}
}
