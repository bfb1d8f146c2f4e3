package api

// The values of Error.Type.
const (
	ErrorTypeInvalidRequest = "invalid_request_error"
	ErrorTypeServer         = "server_error"
)

// ErrorResponse is the body of every answer that is not 2xx.
type ErrorResponse struct {
	Error Error `json:"error"`
}

// Error says what was wrong with a request. All four members are always on the
// wire; Param (the offending parameter) and Code (a stable identifier) may be
// null.
type Error struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

// The values of Error.Code that Keyreeve sends.
const (
	CodeInvalidAPIKey            = "invalid_api_key"
	CodeMissingRequiredParameter = "missing_required_parameter"
	CodeInvalidType              = "invalid_type"
	CodeUnknownParameter         = "unknown_parameter"
	CodeInvalidValue             = "invalid_value"
	CodeIntegerAboveMaxValue     = "integer_above_max_value"
	CodeIntegerBelowMinValue     = "integer_below_min_value"
	CodeEmptyString              = "empty_string"
	CodeStringAboveMaxLength     = "string_above_max_length"
	CodeArrayAboveMaxLength      = "array_above_max_length"
	CodeDuplicateParameter       = "duplicate_parameter"
	CodeUnsupportedContentType   = "unsupported_content_type"
	CodeLastAdminAPIKey          = "last_admin_api_key"
	CodeLastOwner                = "last_owner"
	CodeProjectArchived          = "project_archived"
	CodeDefaultProject           = "default_project"
	CodeRateLimitExceeded        = "rate_limit_exceeded"
	CodeStorageUnavailable       = "storage_unavailable"
	CodeRevisionNotApplied       = "revision_not_applied"
)
