package contracttest

import (
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEverySchemaOfTheContractCompiles(t *testing.T) {
	t.Parallel()
	c := load()
	for _, op := range c.operations {
		if _, err := c.responseSchema(op, 200); err != nil {
			t.Errorf("%s: %v", op.ID, err)
		}
		body := slices.Concat(op.node, []string{"requestBody", "content", "application/json", "schema"})
		if c.at(body...) != nil {
			if _, err := c.compile(body...); err != nil {
				t.Errorf("%s: %v", op.ID, err)
			}
		}
	}
}

func TestCloseSchemas(t *testing.T) {
	t.Parallel()
	text := object{"type": "string"}
	tests := []struct {
		name         string
		schema, want object
	}{
		{
			"an object that lists its members is closed, at every depth",
			object{"properties": object{"a": object{"items": object{"properties": object{}}}}},
			object{"additionalProperties": false, "properties": object{
				"a": object{"items": object{"properties": object{}, "additionalProperties": false}},
			}},
		},
		{
			"a map stays open",
			object{"type": "object", "additionalProperties": text},
			object{"type": "object", "additionalProperties": text},
		},
		{
			"allOf becomes one object",
			object{"allOf": []any{
				object{"$ref": "#/components/schemas/Base"},
				object{"properties": object{"b": text}, "required": []any{"b"}},
			}},
			object{
				"type": "object", "additionalProperties": false,
				"properties": object{"a": text, "b": text}, "required": []any{"a", "b"},
			},
		},
		{
			"what stands beside allOf is one of its branches",
			object{"$ref": "#/components/schemas/Base", "allOf": []any{
				object{"properties": object{"b": text}, "required": []any{"b"}},
			}},
			object{
				"type": "object", "additionalProperties": false,
				"properties": object{"a": text, "b": text}, "required": []any{"a", "b"},
			},
		},
		{
			"nullable becomes a null branch",
			object{"type": "string", "nullable": true},
			object{"anyOf": []any{text, object{"type": "null"}}},
		},
		{
			"members called like keywords are members",
			object{"properties": object{"items": text, "nullable": text, "allOf": text}},
			object{
				"properties":           object{"items": text, "nullable": text, "allOf": text},
				"additionalProperties": false,
			},
		},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			name := "S" + strconv.Itoa(i)
			document := object{"components": object{"schemas": object{
				"Base": object{"properties": object{"a": object{"type": "string"}}, "required": []any{"a"}},
				name:   tt.schema,
			}}}
			if err := closeSchemas(document); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, tt.schema); diff != "" {
				t.Errorf("closed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAFixedPathWinsOverATemplate(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/v1/organization/certificates/activate": "activateOrganizationCertificates",
		"/v1/organization/certificates/cert_01":  "modifyCertificate",
		"/v1/organization/certificates/":         "",
		"/organization/certificates/cert_01":     "",
	} {
		if op, _ := load().match("POST", path); op.ID != want {
			t.Errorf("%s is %q, want %q", path, op.ID, want)
		}
	}
}
