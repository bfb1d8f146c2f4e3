package keyreevetest_test

import (
	"testing"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/keyreevetest"
)

// A test of a program that makes keys: the program is given s.URL and
// s.AdminKey, and s.Client looks at what it did.
func TestProvisioning(t *testing.T) {
	t.Parallel()
	s := keyreevetest.New(t)
	if _, err := s.Client.AdminAPIKeys.Create(t.Context(), api.AdminAPIKeyCreateRequest{Name: "deploy"}); err != nil {
		t.Fatal(err)
	}
	var names []string
	for key, err := range s.Client.AdminAPIKeys.All(t.Context(), api.AdminAPIKeyListParams{}) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, *key.Name)
	}
	if len(names) != 2 || names[1] != "deploy" {
		t.Errorf("admin keys are %q, want the first one and deploy", names)
	}
}
