package sqlstore

import (
	"context"

	"github.com/keyreeve/keyreeve/internal/org"
)

const (
	rateLimitColumns = `SELECT project_id, model, max_requests_per_1_minute, max_requests_per_1_day, max_tokens_per_1_minute,
max_images_per_1_minute, max_audio_megabytes_per_1_minute, batch_1_day_max_input_tokens FROM project_rate_limits`
	rateLimitOf = rateLimitColumns + ` WHERE project_id = $1 AND model = $2`

	rateLimitsOf = rateLimitColumns + ` WHERE project_id = $1 ORDER BY model`
)

func scanRateLimit(row scanner) (l org.RateLimit, err error) {
	err = row.Scan(&l.ProjectID, &l.Model, &l.RequestsPerMinute, &l.RequestsPerDay, &l.TokensPerMinute,
		&l.ImagesPerMinute, &l.AudioMegabytesPerMinute, &l.BatchInputTokensPerDay)
	return l, err
}

// RateLimits implements org.Store. A project has no more of them than there
// ever were models in the catalogue.
func (s *Store) RateLimits(ctx context.Context, projectID string) ([]org.RateLimit, error) {
	const all = 100_000
	return pageOf(ctx, s, scanRateLimit, rateLimitsOf, all, projectID)
}

func (t *tx) RateLimit(projectID, model string) (org.RateLimit, bool, error) {
	return txOneOf(t, scanRateLimit, rateLimitOf, projectID, model)
}

func (t *tx) SetRateLimit(l org.RateLimit) error {
	return t.exec(`INSERT INTO project_rate_limits (project_id, model, max_requests_per_1_minute, max_requests_per_1_day,
max_tokens_per_1_minute, max_images_per_1_minute, max_audio_megabytes_per_1_minute, batch_1_day_max_input_tokens)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (project_id, model) DO UPDATE SET
max_requests_per_1_minute = excluded.max_requests_per_1_minute, max_requests_per_1_day = excluded.max_requests_per_1_day,
max_tokens_per_1_minute = excluded.max_tokens_per_1_minute, max_images_per_1_minute = excluded.max_images_per_1_minute,
max_audio_megabytes_per_1_minute = excluded.max_audio_megabytes_per_1_minute,
batch_1_day_max_input_tokens = excluded.batch_1_day_max_input_tokens`,
		l.ProjectID, l.Model, l.RequestsPerMinute, l.RequestsPerDay, l.TokensPerMinute,
		l.ImagesPerMinute, l.AudioMegabytesPerMinute, l.BatchInputTokensPerDay)
}
