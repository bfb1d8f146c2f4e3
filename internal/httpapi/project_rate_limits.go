package httpapi

import (
	"context"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/internal/org"
)

type listRateLimits struct {
	oneProject
	After  string `query:"after"`
	Before string `query:"before"`
	Limit  int    `query:"limit,default=100,min=0,max=1000"`
}

// listRateLimits serves list-project-rate-limits.
func (a *admin) listRateLimits(ctx context.Context, caller org.Caller, req listRateLimits) (api.List[api.ProjectRateLimit], org.Commit, error) {
	page, err := a.Service.ListRateLimits(ctx, caller, req.ProjectID, org.RateLimitPage{After: req.After, Before: req.Before, Limit: req.Limit})
	return list(page, rateLimit, func(l api.ProjectRateLimit) string { return l.ID }), org.Commit{}, err
}

type updateRateLimit struct {
	oneProject
	ID   string `path:"rate_limit_id"`
	Body struct {
		RequestsPerMinute       *int64 `json:"max_requests_per_1_minute" bind:"nullable"`
		TokensPerMinute         *int64 `json:"max_tokens_per_1_minute" bind:"nullable"`
		ImagesPerMinute         *int64 `json:"max_images_per_1_minute" bind:"nullable"`
		AudioMegabytesPerMinute *int64 `json:"max_audio_megabytes_per_1_minute" bind:"nullable"`
		RequestsPerDay          *int64 `json:"max_requests_per_1_day" bind:"nullable"`
		BatchInputTokensPerDay  *int64 `json:"batch_1_day_max_input_tokens" bind:"nullable"`
	} `body:"required"`
}

// updateRateLimit serves update-project-rate-limits.
func (a *admin) updateRateLimit(ctx context.Context, caller org.Caller, req updateRateLimit) (api.ProjectRateLimit, org.Commit, error) {
	b := &req.Body
	given := []*int64{
		b.RequestsPerMinute, b.TokensPerMinute, b.ImagesPerMinute, b.AudioMegabytesPerMinute, b.RequestsPerDay, b.BatchInputTokensPerDay,
	}
	numbers := make(map[string]int64)
	for i, f := range new(org.RateLimit).Fields() {
		if given[i] != nil {
			numbers[f.Name] = *given[i]
		}
	}
	limit, commit, err := a.Service.UpdateRateLimit(ctx, caller, req.ProjectID, req.ID, numbers)
	return rateLimit(limit), commit, err
}

func rateLimit(l org.RateLimit) api.ProjectRateLimit {
	orNull := func(n int64) *int64 {
		if n == org.DefaultLimit {
			return nil
		}
		return &n
	}
	return api.ProjectRateLimit{
		Object: api.ObjectProjectRateLimit, ID: org.RateLimitID(l.Model), Model: l.Model,
		MaxRequestsPer1Minute: l.RequestsPerMinute, MaxTokensPer1Minute: l.TokensPerMinute,
		MaxImagesPer1Minute: orNull(l.ImagesPerMinute), MaxAudioMegabytesPer1Minute: orNull(l.AudioMegabytesPerMinute),
		MaxRequestsPer1Day: orNull(l.RequestsPerDay), Batch1DayMaxInputTokens: orNull(l.BatchInputTokensPerDay),
	}
}
