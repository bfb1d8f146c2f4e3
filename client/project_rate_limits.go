package client

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/keyreeve/keyreeve/api"
)

// ProjectRateLimits are the operations on what projects may ask of models. It is
// a field of [Client].
type ProjectRateLimits struct{ transport *transport }

// maxRateLimits is the largest page of rate limits.
const maxRateLimits = 1000

var rateLimit = kind[api.ProjectRateLimit]{
	name: "project rate limit", param: "rate_limit_id", // neither made nor deleted
	id: func(l *api.ProjectRateLimit) string { return l.ID },
	check: func(l *api.ProjectRateLimit) error {
		return cmp.Or(
			demand(l.Object == api.ObjectProjectRateLimit, "object is not %q", api.ObjectProjectRateLimit),
			demand(l.ID != "", "id is missing or empty"),
			demand(l.Model != "", "model is missing or empty"),
		)
	},
}

func (ProjectRateLimits) place(projectID string) place { return inProject(projectID, "rate_limits") }

// List returns one page of a project's rate limits (list-project-rate-limits).
// The next page is asked for with After set to the id of the last element;
// [ProjectRateLimits.All] does that by itself.
func (s ProjectRateLimits) List(ctx context.Context, projectID string, p api.ProjectRateLimitListParams) (*api.List[api.ProjectRateLimit], error) {
	q := rateLimit.query().page(p.After, p.Limit, 0, maxRateLimits)
	q.cursor("before", p.Before)
	return rateLimit.list(ctx, s.transport, s.place(projectID), q)
}

// All returns every rate limit from p.After on (list-project-rate-limits), page
// by page and lazily. p.Limit is the size of a page, 1 to 1000, and 1000 when
// nil; p.Before is for List alone. An error is the last pair.
func (s ProjectRateLimits) All(ctx context.Context, projectID string, p api.ProjectRateLimitListParams) iter.Seq2[api.ProjectRateLimit, error] {
	return rateLimit.all(p.After, p.Before, p.Limit, maxRateLimits, func(after string, limit *int) (*api.List[api.ProjectRateLimit], error) {
		p := p
		p.After, p.Limit = after, limit
		return s.List(ctx, projectID, p)
	})
}

// Update changes the limits of a project for one model
// (update-project-rate-limits) and returns all of them as they are then. A limit
// of 0 lets nothing pass.
func (s ProjectRateLimits) Update(ctx context.Context, projectID, id string, req api.ProjectRateLimitUpdateRequest) (*api.ProjectRateLimit, error) {
	operation := rateLimit.opUpdate()
	err := checkChange(operation, "max_requests_per_1_minute", req)
	for _, limit := range []struct {
		param string
		value *int64
	}{
		{"max_requests_per_1_minute", req.MaxRequestsPer1Minute},
		{"max_tokens_per_1_minute", req.MaxTokensPer1Minute},
		{"max_images_per_1_minute", req.MaxImagesPer1Minute},
		{"max_audio_megabytes_per_1_minute", req.MaxAudioMegabytesPer1Minute},
		{"max_requests_per_1_day", req.MaxRequestsPer1Day},
		{"batch_1_day_max_input_tokens", req.Batch1DayMaxInputTokens},
	} {
		if err == nil && limit.value != nil && *limit.value < 0 {
			err = &RequestError{operation, limit.param, fmt.Sprintf("must be 0 or more, is %d", *limit.value)}
		}
	}
	if err != nil {
		return nil, err
	}
	return update(ctx, s.transport, rateLimit, s.place(projectID), id, &req)
}
