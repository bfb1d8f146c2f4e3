package api

// ObjectProjectRateLimit is the value of ProjectRateLimit.Object.
const ObjectProjectRateLimit = "project.rate_limit"

// ProjectRateLimit bounds what a project may ask of one model. A limit that
// does not apply to the model is nil.
type ProjectRateLimit struct {
	Object                      string `json:"object"` // ObjectProjectRateLimit
	ID                          string `json:"id"`     // rl-<model>
	Model                       string `json:"model"`
	MaxRequestsPer1Minute       int64  `json:"max_requests_per_1_minute"`
	MaxTokensPer1Minute         int64  `json:"max_tokens_per_1_minute"`
	MaxImagesPer1Minute         *int64 `json:"max_images_per_1_minute,omitzero"`
	MaxAudioMegabytesPer1Minute *int64 `json:"max_audio_megabytes_per_1_minute,omitzero"`
	MaxRequestsPer1Day          *int64 `json:"max_requests_per_1_day,omitzero"`
	Batch1DayMaxInputTokens     *int64 `json:"batch_1_day_max_input_tokens,omitzero"`
}

// ProjectRateLimitUpdateRequest is the body of update-project-rate-limits. What
// is nil stays as it is.
type ProjectRateLimitUpdateRequest struct {
	MaxRequestsPer1Minute       *int64 `json:"max_requests_per_1_minute,omitzero"`
	MaxTokensPer1Minute         *int64 `json:"max_tokens_per_1_minute,omitzero"`
	MaxImagesPer1Minute         *int64 `json:"max_images_per_1_minute,omitzero"`
	MaxAudioMegabytesPer1Minute *int64 `json:"max_audio_megabytes_per_1_minute,omitzero"`
	MaxRequestsPer1Day          *int64 `json:"max_requests_per_1_day,omitzero"`
	Batch1DayMaxInputTokens     *int64 `json:"batch_1_day_max_input_tokens,omitzero"`
}

// ProjectRateLimitListParams are the query parameters of
// list-project-rate-limits. The zero value asks for the first page with the
// default size.
type ProjectRateLimitListParams struct {
	After  string // id of the last element of the page before
	Before string // id of the first element of the page after
	Limit  *int   // 0 to 1000; nil: 100
}
