package contracttest_test

import (
	"testing"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/contracttest"
)

// Types of the delete body, each wrong in one way.
type (
	lacksMember struct {
		ID     string `json:"id"`
		Object string `json:"object"`
	}
	hasMore struct {
		api.AdminAPIKeyDeleted
		Reason string `json:"reason"`
	}
	otherName struct {
		ID      string `json:"ID"`
		Object  string `json:"object"`
		Deleted bool   `json:"deleted"`
	}
	otherKind struct {
		ID      int64  `json:"id"`
		Object  string `json:"object"`
		Deleted bool   `json:"deleted"`
	}
	leavesOut struct {
		ID      string `json:"id,omitempty"`
		Object  string `json:"object"`
		Deleted bool   `json:"deleted"`
	}
	canBeNull struct {
		ID      *string `json:"id"`
		Object  string  `json:"object"`
		Deleted bool    `json:"deleted"`
	}
	neverNull struct {
		Error struct {
			Message string `json:"message"`
			Type    string `json:"type"`
			Param   string `json:"param"`
			Code    string `json:"code"`
		} `json:"error"`
	}
	alwaysSent struct {
		Name             string `json:"name"`
		ExpiresInSeconds int64  `json:"expires_in_seconds"`
	}
)

func TestTypesAgainstTheContractAreCaught(t *testing.T) {
	t.Parallel()
	const deletion = "admin-api-keys-delete"
	for _, tt := range []struct {
		name  string
		check func(testing.TB)
		want  string
	}{
		{"good", func(tb testing.TB) { contracttest.CheckResponse[api.AdminAPIKeyDeleted](tb, deletion) }, ""},
		{"a missing member", func(tb testing.TB) { contracttest.CheckResponse[lacksMember](tb, deletion) }, "deleted: the Go type lacks it"},
		{"an extra member", func(tb testing.TB) { contracttest.CheckResponse[hasMore](tb, deletion) }, "reason: the schema lacks it"},
		{"another case", func(tb testing.TB) { contracttest.CheckResponse[otherName](tb, deletion) }, "id: the Go type lacks it"},
		{"another kind", func(tb testing.TB) { contracttest.CheckResponse[otherKind](tb, deletion) }, "id: the Go type int64 is integer, the schema says string"},
		{"left out", func(tb testing.TB) { contracttest.CheckResponse[leavesOut](tb, deletion) }, "id: required, but the Go type can leave it out"},
		{"a pointer", func(tb testing.TB) { contracttest.CheckResponse[canBeNull](tb, deletion) }, "id: never null, but the Go type is a pointer"},
		{"no pointer", func(tb testing.TB) { contracttest.CheckType[neverNull](tb, "ErrorResponse") }, "error.param: may be null, but the Go type is no pointer"},
		{"always sent", func(tb testing.TB) { contracttest.CheckRequest[alwaysSent](tb, "admin-api-keys-create") }, "expires_in_seconds: not required, but the Go type cannot leave it out"},
		{"a wrong constant", func(tb testing.TB) {
			contracttest.CheckResponse(tb, deletion, api.AdminAPIKeyDeleted{Object: api.ObjectAdminAPIKey})
		}, "value must be"},
		{"another element", func(tb testing.TB) { contracttest.CheckType[api.List[lacksMember]](tb, "ApiKeyList") }, "data[].created_at: the Go type lacks it"},
		{"an unknown schema", func(tb testing.TB) { contracttest.CheckType[string](tb, "Nothing") }, "the contract has no components schemas Nothing"},
		{"an unknown operation", func(tb testing.TB) { contracttest.CheckResponse[string](tb, "nothing") }, "the contract has no operation nothing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := &recorder{TB: t}
			tt.check(got)
			got.expect(t, tt.want)
		})
	}
}
