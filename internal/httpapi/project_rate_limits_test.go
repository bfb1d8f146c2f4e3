package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyreeve/keyreeve/api"
)

func rateLimitIDs(page api.List[api.ProjectRateLimit]) string {
	var ids []string
	for _, l := range page.Data {
		ids = append(ids, l.ID)
	}
	return fmt.Sprint(strings.Join(ids, " "), " ", page.HasMore)
}

func TestRateLimitIsTheContractsToTheByte(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		path := projectsPath + "/" + s.newProject(t) + "/rate_limits"
		first := `{"object":"project.rate_limit","id":"rl-gpt-3.5-turbo","model":"gpt-3.5-turbo","max_requests_per_1_minute":3500,` +
			`"max_tokens_per_1_minute":200000,"max_requests_per_1_day":10000,"batch_1_day_max_input_tokens":2000000}`
		list := `{"object":"list","data":[` + first + `],"first_id":"rl-gpt-3.5-turbo","last_id":"rl-gpt-3.5-turbo","has_more":true}`
		if diff := cmp.Diff(list, s.do(t, request{path: path + "?limit=1"}).body); diff != "" {
			t.Errorf("list (-want +got):\n%s", diff)
		}
		a := s.post(t, path+"/rl-gpt-image-1", `{"max_requests_per_1_minute":7,"max_images_per_1_minute":null}`)
		want := `{"object":"project.rate_limit","id":"rl-gpt-image-1","model":"gpt-image-1","max_requests_per_1_minute":7,` +
			`"max_tokens_per_1_minute":100000,"max_images_per_1_minute":5}`
		if diff := cmp.Diff(want, a.body); diff != "" || a.header.Get("Keyreeve-Revision") == "" {
			t.Errorf("update, revision %q (-want +got):\n%s", a.header.Get("Keyreeve-Revision"), diff)
		}
		if again := s.do(t, request{path: path + "?limit=1&before=rl-gpt-image-2"}); !strings.Contains(again.body, want) {
			t.Errorf("read back %s", again.body)
		}
	})
}

func TestRateLimitPages(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		path := projectsPath + "/" + s.newProject(t) + "/rate_limits"
		page := func(query string) string {
			return rateLimitIDs(decode[api.List[api.ProjectRateLimit]](t, s.do(t, request{path: path + query})))
		}
		for query, want := range map[string]string{
			"?limit=2":                                  "rl-gpt-3.5-turbo rl-gpt-4 true",
			"?limit=2&after=rl-gpt-4":                   "rl-gpt-4-turbo rl-gpt-4.1 true",
			"?limit=2&after=rl-gpt-4-gone":              "rl-gpt-4-turbo rl-gpt-4.1 true",
			"?limit=2&before=rl-gpt-4.1":                "rl-gpt-4 rl-gpt-4-turbo true",
			"?limit=9&before=rl-gpt-4.1":                "rl-gpt-3.5-turbo rl-gpt-4 rl-gpt-4-turbo false",
			"?limit=1&after=rl-gpt-4&before=rl-gpt-4.1": "rl-gpt-4-turbo false",
			"?after=rl-whisper-1":                       " false",
			"?limit=0":                                  " false",
		} {
			if got := page(query); got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
		if all := page("?limit=1000"); strings.Count(all, "rl-") < 20 || !strings.Contains(all, "rl-text-embedding-3-small") {
			t.Error(all)
		}
		checkFault(t, s.do(t, request{path: path + "?after=gpt-4"}), fault{
			400, "invalid_value", "after", "Invalid 'after': 'gpt-4' is not the id of a rate limit. Expected one such as 'rl-gpt-4o'.",
		})
		checkFault(t, s.do(t, request{path: path + "?limit=1001"}), fault{
			400, "integer_above_max_value", "limit", "Invalid 'limit': integer above maximum value. Expected a value <= 1000, but got 1001 instead.",
		})
	})
}

func TestUpdateRateLimit(t *testing.T) {
	t.Parallel()
	onBothEngines(t, nil, func(t *testing.T, s *system) {
		project, other := s.newProject(t), s.newProject(t)
		path := projectsPath + "/" + project + "/rate_limits/rl-gpt-4o"
		if a := s.post(t, path, `{"max_requests_per_1_minute":500}`); decode[api.ProjectRateLimit](t, a).MaxRequestsPer1Minute != 500 {
			t.Error(a.body)
		}
		s.post(t, path, `{"max_requests_per_1_day":9}`)
		got := decode[api.ProjectRateLimit](t, s.post(t, path, `{"max_tokens_per_1_minute":0}`))
		want := api.ProjectRateLimit{
			Object: "project.rate_limit", ID: "rl-gpt-4o", Model: "gpt-4o", MaxRequestsPer1Minute: 500,
			MaxRequestsPer1Day: new(int64(9)), Batch1DayMaxInputTokens: new(int64(90000)),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		// Another project keeps the catalogue's.
		theirs := decode[api.List[api.ProjectRateLimit]](t, s.do(t, request{path: projectsPath + "/" + other + "/rate_limits?after=rl-gpt-4.1-nano&limit=1"}))
		if theirs.Data[0].ID != "rl-gpt-4o" || theirs.Data[0].MaxTokensPer1Minute != 30000 {
			t.Errorf("%+v", theirs.Data[0])
		}
		// A change is an event, and what changes nothing is none.
		before := s.audit(t, "event_types[]=rate_limit.updated")
		s.post(t, path, `{}`)
		s.post(t, path, `{"max_tokens_per_1_minute":0}`)
		after := s.audit(t, "event_types[]=rate_limit.updated")
		if len(before.Data) != 3 || len(after.Data) != 3 || after.Data[0].RateLimitUpdated.ID != "rl-gpt-4o" ||
			*after.Data[0].RateLimitUpdated.ChangesRequested.MaxTokensPer1Minute != 0 {
			t.Errorf("%+v", after)
		}
		for body, want := range map[string]fault{
			`{"max_requests_per_1_minute":-1}`: {
				400, "integer_below_min_value", "max_requests_per_1_minute",
				"Invalid 'max_requests_per_1_minute': integer below minimum value. Expected a value >= 0, but got -1 instead.",
			},
			`{"batch_1_day_max_input_tokens":1000000000001}`: {
				400, "integer_above_max_value", "batch_1_day_max_input_tokens",
				"Invalid 'batch_1_day_max_input_tokens': integer above maximum value. Expected a value <= 1000000000000, but got 1000000000001 instead.",
			},
			`{"model":"x"}`: {400, "unknown_parameter", "model", "Unknown parameter: 'model'."},
		} {
			checkFault(t, s.post(t, path, body), want)
		}
		checkFault(t, s.post(t, projectsPath+"/"+project+"/rate_limits/rl-none", `{}`), fault{404, "", "", "No such rate limit: 'rl-none'."})
		s.post(t, projectsPath+"/"+project+"/archive", "")
		checkFault(t, s.post(t, path, `{"max_requests_per_1_minute":1}`), fault{
			400, "project_archived", "", "Project '" + project + "' is archived and cannot be changed any more.",
		})
	})
}
