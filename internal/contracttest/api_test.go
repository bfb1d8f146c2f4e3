package contracttest_test

import (
	"testing"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/contracttest"
)

// sampleKey has every member set; unusedKey has null wherever null can be.
var (
	sampleOwner = api.AdminAPIKeyOwner{
		Type: "user", Object: api.ObjectUser, ID: "user_01", Name: "Ada", CreatedAt: 1700000000, Role: "owner",
	}
	sampleKey = api.AdminAPIKey{
		Object: api.ObjectAdminAPIKey, ID: "key_01", Name: new("deploys"), RedactedValue: "sk-admin...xyz",
		CreatedAt: 1700000000, ExpiresAt: new(int64(1700003600)), LastUsedAt: new(int64(1700000060)), Owner: sampleOwner,
	}
	unusedKey = api.AdminAPIKey{
		Object: api.ObjectAdminAPIKey, ID: "key_02", RedactedValue: "sk-admin...xyz",
		CreatedAt: 1700000000, Owner: sampleOwner,
	}
)

func TestWireTypesAgreeWithTheContract(t *testing.T) {
	t.Parallel()
	t.Run("AdminAPIKey", func(t *testing.T) {
		contracttest.CheckType(t, "AdminApiKey", sampleKey, unusedKey)
		contracttest.CheckResponse(t, "admin-api-keys-get", sampleKey)
	})
	t.Run("AdminAPIKeyCreateResponse", func(t *testing.T) {
		example := api.AdminAPIKeyCreateResponse{AdminAPIKey: sampleKey, Value: "sk-admin-x"}
		contracttest.CheckType(t, "AdminApiKeyCreateResponse", example)
		contracttest.CheckResponse(t, "admin-api-keys-create", example)
	})
	t.Run("AdminAPIKeyCreateRequest", func(t *testing.T) {
		contracttest.CheckRequest(t, "admin-api-keys-create",
			api.AdminAPIKeyCreateRequest{Name: "deploys"},
			api.AdminAPIKeyCreateRequest{Name: "deploys", ExpiresInSeconds: new(int64(api.MaxExpiresInSeconds))})
	})
	t.Run("List", func(t *testing.T) {
		page := api.List[api.AdminAPIKey]{
			Object: api.ObjectList, Data: []api.AdminAPIKey{sampleKey, unusedKey},
			FirstID: new("key_01"), LastID: new("key_02"), HasMore: true,
		}
		contracttest.CheckType(t, "ApiKeyList", page, api.List[api.AdminAPIKey]{Object: api.ObjectList})
		contracttest.CheckResponse(t, "admin-api-keys-list", page)
	})
	t.Run("AdminAPIKeyDeleted", func(t *testing.T) {
		contracttest.CheckResponse(t, "admin-api-keys-delete",
			api.AdminAPIKeyDeleted{ID: "key_01", Object: api.ObjectAdminAPIKeyDeleted, Deleted: true})
	})
	t.Run("ErrorResponse", func(t *testing.T) {
		contracttest.CheckType(t, "ErrorResponse",
			api.ErrorResponse{Error: api.Error{Message: "no", Type: api.ErrorTypeInvalidRequest}},
			api.ErrorResponse{Error: api.Error{
				Message: "no", Type: api.ErrorTypeServer, Param: new("name"), Code: new(api.CodeStorageUnavailable),
			}})
	})
}
