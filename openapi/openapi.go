// Package openapi holds the contract: the structure of the 119 operations of
// OpenAI's organization Administration API, what Keyreeve adds to it, and the
// list of operations it does not serve yet. Tests hold the server, the client
// and the wire types to these files; see internal/contracttest.
//
//	openai-administration.json  paths, parameters and schemas, OpenAPI 3.1; facts only, no prose
//	extensions.json             merged over it: what Keyreeve promises beyond it
//	unsupported.txt             operations not served yet
package openapi

import (
	"bufio"
	_ "embed"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
)

// Prefix is what a server puts before every path of the document.
const Prefix = "/v1"

var (
	//go:embed openai-administration.json
	administration []byte
	//go:embed extensions.json
	extensions []byte
	//go:embed unsupported.txt
	unsupported string
)

// Document returns the contract with Keyreeve's extensions merged into it. The
// tree is the caller's own.
func Document() (map[string]any, error) {
	document, err := decode("openai-administration.json", administration)
	if err != nil {
		return nil, err
	}
	extra, err := decode("extensions.json", extensions)
	if err != nil {
		return nil, err
	}
	if err := merge(document, extra); err != nil {
		return nil, fmt.Errorf("extensions.json: %w", err)
	}
	return document, nil
}

func decode(name string, file []byte) (map[string]any, error) {
	var tree map[string]any
	if err := json.Unmarshal(file, &tree); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return tree, nil
}

// Unsupported returns the ids of the operations not served yet.
func Unsupported() []string {
	var ids []string
	for lines := bufio.NewScanner(strings.NewReader(unsupported)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line != "" && !strings.HasPrefix(line, "#") {
			ids = append(ids, line)
		}
	}
	return ids
}
