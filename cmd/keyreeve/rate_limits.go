package main

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

type rateLimitsCmd struct {
	List   rateLimitsListCmd   `cmd:"" help:"List what a project may ask of each model."`
	Update rateLimitsUpdateCmd `cmd:"" help:"Change what a project may ask of a model."`
}

type rateLimitsListCmd struct {
	projectFlags
	pageFlags
}

func (c *rateLimitsListCmd) Run(ctx context.Context, std streams) error {
	return many(std, c.connectFlags, c.pageFlags, rateLimitTable, func(cl *client.Client, page *int) iter.Seq2[api.ProjectRateLimit, error] {
		return cl.ProjectRateLimits.All(ctx, c.Project, api.ProjectRateLimitListParams{After: c.After, Limit: page})
	})
}

type rateLimitsUpdateCmd struct {
	projectFlags

	ID                      string `arg:"" help:"Model, such as gpt-4, or id of the limit: rl-gpt-4."`
	RequestsPerMinute       *int64 `placeholder:"N" help:"Requests in a minute."`
	RequestsPerDay          *int64 `placeholder:"N" help:"Requests in a day."`
	TokensPerMinute         *int64 `placeholder:"N" help:"Tokens in a minute."`
	ImagesPerMinute         *int64 `placeholder:"N" help:"Images in a minute."`
	AudioMegabytesPerMinute *int64 `placeholder:"N" help:"Megabytes of audio in a minute."`
	BatchInputTokensPerDay  *int64 `placeholder:"N" help:"Input tokens of batches in a day."`
}

// Help is shown by keyreeve rate-limits update --help.
func (rateLimitsUpdateCmd) Help() string {
	return `What is not given stays as it is. Keyreeve counts requests; the other limits it keeps for whoever counts the rest.`
}

func (c *rateLimitsUpdateCmd) Run(ctx context.Context, std streams) error {
	return one(std, c.connectFlags, rateLimitTable, func(cl *client.Client) (*api.ProjectRateLimit, error) {
		id, err := c.limit(ctx, cl)
		if err != nil {
			return nil, err
		}
		return cl.ProjectRateLimits.Update(ctx, c.Project, id, api.ProjectRateLimitUpdateRequest{
			MaxRequestsPer1Minute:       c.RequestsPerMinute,
			MaxTokensPer1Minute:         c.TokensPerMinute,
			MaxImagesPer1Minute:         c.ImagesPerMinute,
			MaxAudioMegabytesPer1Minute: c.AudioMegabytesPerMinute,
			MaxRequestsPer1Day:          c.RequestsPerDay,
			Batch1DayMaxInputTokens:     c.BatchInputTokensPerDay,
		})
	})
}

// limit is the id of the limit. A model is looked up, since its limit's id is the
// server's to choose.
func (c *rateLimitsUpdateCmd) limit(ctx context.Context, cl *client.Client) (string, error) {
	if strings.HasPrefix(c.ID, "rl-") || strings.HasPrefix(c.ID, "rl_") {
		return c.ID, nil
	}
	for limit, err := range cl.ProjectRateLimits.All(ctx, c.Project, api.ProjectRateLimitListParams{}) {
		switch {
		case err != nil:
			return "", err
		case limit.Model == c.ID:
			return limit.ID, nil
		}
	}
	return "", fmt.Errorf("project %s has no rate limit for a model %q: keyreeve rate-limits list shows those it has", c.Project, c.ID)
}

func rateLimitTable(limits []api.ProjectRateLimit) string {
	return table("ID MODEL REQUESTS/MIN REQUESTS/DAY TOKENS/MIN IMAGES/MIN AUDIO_MB/MIN BATCH_TOKENS/DAY", limits, func(l api.ProjectRateLimit) []string {
		return []string{
			l.ID, l.Model, formatNumber(&l.MaxRequestsPer1Minute), formatNumber(l.MaxRequestsPer1Day), formatNumber(&l.MaxTokensPer1Minute),
			formatNumber(l.MaxImagesPer1Minute), formatNumber(l.MaxAudioMegabytesPer1Minute), formatNumber(l.Batch1DayMaxInputTokens),
		}
	})
}

// formatNumber shows a dash for none.
func formatNumber(n *int64) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatInt(*n, 10)
}
