package org

// DefaultLimit stands for what the operator's catalogue says.
const DefaultLimit = -1

// RateLimit is what a project has in place of a model's default limits. A field
// that is DefaultLimit has no place of its own.
type RateLimit struct {
	ProjectID string
	Model     string

	RequestsPerMinute       int64
	RequestsPerDay          int64
	TokensPerMinute         int64
	ImagesPerMinute         int64
	AudioMegabytesPerMinute int64
	BatchInputTokensPerDay  int64
}

// Set is what a rate limit tells the index.
func (l RateLimit) Set() LimitSet {
	return LimitSet{
		ProjectID: l.ProjectID, Model: l.Model,
		RequestsPerMinute: l.RequestsPerMinute, RequestsPerDay: l.RequestsPerDay,
	}
}

// RateLimitTx changes rate limits.
type RateLimitTx interface {
	RateLimit(projectID, model string) (limit RateLimit, ok bool, err error)
	// SetRateLimit inserts or replaces the limits of a project for a model.
	SetRateLimit(l RateLimit) error
}
