package contracttest

import (
	"maps"
	"slices"
	"strings"

	"github.com/keyreeve/keyreeve/openapi"
)

// extensionPrefix begins the ids of the operations that are Keyreeve's own.
const extensionPrefix = "keyreeve-"

// Operation is one of the contract, or of Keyreeve's extensions to it.
type Operation struct {
	ID     string
	Method string // GET, POST or DELETE
	Path   string // a template with the prefix: /v1/organization/admin_api_keys/{key_id}

	node []string // where it stands in the document
}

// IsExtension says that the operation is Keyreeve's own.
func (o Operation) IsExtension() bool { return strings.HasPrefix(o.ID, extensionPrefix) }

// Operations returns all operations of the contract and Keyreeve's own, by path
// and method.
func Operations() []Operation { return slices.Clone(load().operations) }

func findOperations(document object) []Operation {
	var found []Operation
	paths, _ := document["paths"].(object)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item, _ := paths[path].(object)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			node, _ := item[method].(object)
			id, ok := node["operationId"].(string)
			if !ok {
				continue // parameters that the methods of the path share
			}
			found = append(found, Operation{
				ID:     id,
				Method: strings.ToUpper(method),
				Path:   openapi.Prefix + path,
				node:   []string{"paths", path, method},
			})
		}
	}
	return found
}

// operation returns the one with the given id.
func (c *contract) operation(id string) (Operation, bool) {
	i := slices.IndexFunc(c.operations, func(op Operation) bool { return op.ID == id })
	if i < 0 {
		return Operation{}, false
	}
	return c.operations[i], true
}

// match returns the operation that a request is for. Where a fixed path and a
// template both fit, the fixed one wins.
func (c *contract) match(method, path string) (Operation, bool) {
	var best Operation
	for _, op := range c.operations {
		if op.Method == method && fits(op.Path, path) &&
			(best.ID == "" || strings.Count(op.Path, "{") < strings.Count(best.Path, "{")) {
			best = op
		}
	}
	return best, best.ID != ""
}

// fits says whether path is one that the template stands for. A parameter is
// one segment and not empty.
func fits(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, got, func(want, got string) bool {
		return want == got || strings.HasPrefix(want, "{") && got != ""
	})
}
