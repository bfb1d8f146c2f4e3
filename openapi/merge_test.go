package openapi

import (
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, base, extra, want string
		wantErr                 string
	}{
		{
			name:  "a new member is added",
			base:  `{"properties":{"id":{"type":"string"}}}`,
			extra: `{"properties":{"scopes":{"type":"array"}}}`,
			want:  `{"properties":{"id":{"type":"string"},"scopes":{"type":"array"}}}`,
		},
		{
			name:  "arrays are joined without repeats",
			base:  `{"required":["id","name"]}`,
			extra: `{"required":["name","scopes"]}`,
			want:  `{"required":["id","name","scopes"]}`,
		},
		{
			name:  "saying the same again is allowed",
			base:  `{"type":"object"}`,
			extra: `{"type":"object"}`,
			want:  `{"type":"object"}`,
		},
		{
			name:    "a value cannot be changed",
			base:    `{"properties":{"id":{"type":"string"}}}`,
			extra:   `{"properties":{"id":{"type":"integer"}}}`,
			wantErr: "properties: id: type: the contract says string, not integer",
		},
		{
			name:    "an object cannot become something else",
			base:    `{"id":{"type":"string"}}`,
			extra:   `{"id":true}`,
			wantErr: "id: the contract says map[type:string], not true",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base := tree(t, tt.base)
			err := merge(base, tree(t, tt.extra))
			if tt.wantErr != "" {
				if err == nil || err.Error() != tt.wantErr {
					t.Fatalf("error %v, want %s", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tree(t, tt.want), base); diff != "" {
				t.Errorf("merged (-want +got):\n%s", diff)
			}
		})
	}
}

func tree(t *testing.T, text string) (tree map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &tree); err != nil {
		t.Fatal(err)
	}
	return tree
}
