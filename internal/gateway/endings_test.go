package gateway_test

import (
	"testing"

	"github.com/keyreeve/keyreeve/internal/verify"
)

// TestKeysEndWithWhatTheyBelongTo ends keys at a gate at work, each way that the
// log knows. To the client it is an unknown key; what is not concerned goes on.
func TestKeysEndWithWhatTheyBelongTo(t *testing.T) {
	t.Parallel()
	type keys []string
	for name, test := range map[string]struct {
		effect      verify.Effect
		ended, kept keys
	}{
		"removed member": {
			verify.KeysRemoved{OwnerType: verify.OwnerUser, OwnerID: "user_reader", ProjectID: "proj_1"},
			keys{"{project}"}, keys{"{account}", "{reader}", "{admin}"},
		},
		"removed from another project": {
			verify.KeysRemoved{OwnerType: verify.OwnerUser, OwnerID: "user_reader", ProjectID: "proj_2"},
			nil, keys{"{project}", "{account}", "{reader}", "{admin}"},
		},
		"deleted user": {
			verify.OwnerChanged{Type: verify.OwnerUser, ID: "user_reader", Role: "reader", Removed: true},
			keys{"{project}", "{reader}"}, keys{"{account}", "{admin}"},
		},
		"deleted service account": {
			verify.OwnerChanged{Type: verify.OwnerServiceAccount, ID: "sa_1", Removed: true},
			keys{"{account}"}, keys{"{project}", "{reader}", "{admin}"},
		},
		"user of a service account's id": {
			verify.OwnerChanged{Type: verify.OwnerUser, ID: "sa_1", Removed: true},
			nil, keys{"{account}", "{project}", "{reader}", "{admin}"},
		},
		"archived project": {
			verify.ProjectChanged{ID: "proj_1", Archived: true},
			keys{"{account}", "{project}"}, keys{"{reader}", "{admin}"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			servers := both(t, f, true)
			look := func(when string, keys keys, status int) {
				t.Helper()
				for _, s := range servers {
					for _, key := range keys {
						for _, path := range []string{"/gateway/auth", "/gateway/auth?kind=project,service_account,admin", "/gateway/ext_authz/any/v1"} {
							if got := ask(t, s, f.fill("GET "+path+"|X-Api-Key: "+key)); got.Status != status {
								t.Errorf("%s: %s by %s at %s: %d", when, key, s.name, path, got.Status)
							}
						}
						if got := introspect(t, s, f.fill("token="+key)); (got.Body == `{"active":false}`) != (status != 200) {
							t.Errorf("%s: %s by %s: %s", when, key, s.name, got.Body)
						}
					}
				}
			}
			look("before", append(test.ended, test.kept...), 200)
			if err := f.index.Apply(2, []verify.Effect{test.effect}); err != nil {
				t.Fatal(err)
			}
			look("after", test.ended, 401)
			look("after", test.kept, 200)
			f.index.Sweep()
			look("swept", test.ended, 401)
			look("swept", test.kept, 200)
		})
	}
}
