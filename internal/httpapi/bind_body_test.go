package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

type createThing struct {
	Body thing `body:"required"`
}

type thing struct {
	Name     string        `json:"name" bind:"required"`
	Expires  *int64        `json:"expires_in_seconds,omitzero" bind:"nullable,min=1,max=31536000"`
	Count    int           `json:"count,omitzero"`
	Only     *bool         `json:"only,omitzero"`
	Role     string        `json:"role,omitzero" bind:"enum=owner|reader"`
	Tags     []string      `json:"tags,omitzero" bind:"nullable"`
	Projects []projectRef  `json:"projects,omitzero"`
	Channel  *thingChannel `json:"channel,omitzero" bind:"nullable"`
}

type projectRef struct {
	ID   string `json:"id" bind:"required"`
	Role string `json:"role" bind:"required,enum=member|owner"`
}

type thingChannel struct {
	Ports []int64 `json:"ports" bind:"required,min=1"`
}

func TestBindBodyAccepts(t *testing.T) {
	t.Parallel()
	b := newBinder[createThing]()
	for body, want := range map[string]thing{
		`{"name":"x"}`:                       {Name: "x"},
		" \t\r\n{ \"name\" : \"x\" } \n":     {Name: "x"},
		`{"n\u0061me":"\u00e4\ud83d\ude00"}`: {Name: "ä😀"},
		`{"name":"\u0000 "}`:                 {Name: "\x00 "}, // what a name is, the domain decides
		`{"name":""}`:                        {},
		`{"name":"x","expires_in_seconds":null,"tags":null,"channel":null}`: {Name: "x"},
		`{"name":"x","expires_in_seconds":3600}`:                            {Name: "x", Expires: new(int64(3600))},
		`{"name":"x","expires_in_seconds":3600.0}`:                          {Name: "x", Expires: new(int64(3600))},
		`{"name":"x","expires_in_seconds":36E+2}`:                           {Name: "x", Expires: new(int64(3600))},
		`{"name":"x","count":-9223372036854775808}`:                         {Name: "x", Count: -9223372036854775808},
		`{"name":"x","only":false,"role":"reader"}`:                         {Name: "x", Only: new(false), Role: "reader"},
		`{"name":"x","tags":[]}`:                                            {Name: "x", Tags: []string{}},
		`{"name":"x","tags":["a","a"]}`:                                     {Name: "x", Tags: []string{"a", "a"}},
		`{"projects":[{"role":"owner","id":"p"}],"name":"x"}`:               {Name: "x", Projects: []projectRef{{"p", "owner"}}},
		`{"name":"x","channel":{"ports":[1,2]}}`:                            {Name: "x", Channel: &thingChannel{[]int64{1, 2}}},
	} {
		got, err := b.bind(post(body))
		if diff := cmp.Diff(want, got.Body); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", body, err, diff)
		}
	}
}

func TestBindBodyRefusesContent(t *testing.T) {
	t.Parallel()
	wrongType := func(param, want, got string) *failure {
		return badParam("invalid_type", param, "Invalid type for '"+param+"': expected "+want+", but got "+got+" instead.")
	}
	missing := func(param string) *failure {
		return badParam("missing_required_parameter", param, "Missing required parameter: '"+param+"'.")
	}
	unknown := func(param string) *failure {
		return badParam("unknown_parameter", param, "Unknown parameter: '"+param+"'.")
	}
	outOfRange := func(code, param, rule, got string) *failure {
		return badParam(code, param, "Invalid '"+param+"': integer "+rule+", but got "+got+" instead.")
	}
	const (
		aboveYear = "above maximum value. Expected a value <= 31536000"
		belowOne  = "below minimum value. Expected a value >= 1"
	)
	b := newBinder[createThing]()
	for body, want := range map[string]*failure{
		`{}`:                          missing("name"),
		`{"Name":"x"}`:                unknown("Name"),
		`{"name":"x","x":1}`:          unknown("x"),
		`{"y":1,"x":1}`:               unknown("y"),
		`{"x":{"y":[1]},"name":5}`:    unknown("x"),
		`{"name":5,"x":1}`:            unknown("x"), // before the wrong type
		`{"count":"1","role":5}`:      wrongType("count", "an integer", "a string"),
		`{"a.b":1}`:                   unknown("a.b"),
		`{"":1}`:                      badParam("unknown_parameter", "", "Unknown parameter: ''."),
		"{\"\\u001b[1m\":1}":          unknown("\uFFFD[1m"),
		`{"name":1}`:                  wrongType("name", "a string", "an integer"),
		`{"name":1.0}`:                wrongType("name", "a string", "an integer"),
		`{"name":1.5}`:                wrongType("name", "a string", "a decimal number"),
		`{"name":true}`:               wrongType("name", "a string", "a boolean"),
		`{"name":null}`:               wrongType("name", "a string", "null"),
		`{"name":[[1],{}]}`:           wrongType("name", "a string", "an array"),
		`{"name":{"name":"x"}}`:       wrongType("name", "a string", "an object"),
		`{"name":"x","count":null}`:   wrongType("count", "an integer", "null"),
		`{"name":"x","count":1.5}`:    wrongType("count", "an integer", "a decimal number"),
		`{"name":"x","count":1e-999}`: wrongType("count", "an integer", "a decimal number"),
		`{"name":"x","count":"1"}`:    wrongType("count", "an integer", "a string"),
		`{"name":"x","only":0}`:       wrongType("only", "a boolean", "an integer"),
		`{"name":"x","tags":"a"}`:     wrongType("tags", "an array", "a string"),
		`{"name":"x","tags":["a",1]}`: wrongType("tags[1]", "a string", "an integer"),
		`{"name":"x","channel":[]}`:   wrongType("channel", "an object", "an array"),
		`{"name":"x","count":9223372036854775808}`: badParam("invalid_type", "count",
			"Invalid type for 'count': expected a 64-bit integer, but got one outside that range instead."),
		`{"name":"x","expires_in_seconds":0}`:           outOfRange("integer_below_min_value", "expires_in_seconds", belowOne, "0"),
		`{"name":"x","expires_in_seconds":-1e99}`:       outOfRange("integer_below_min_value", "expires_in_seconds", belowOne, "-1e99"),
		`{"name":"x","expires_in_seconds":31536001}`:    outOfRange("integer_above_max_value", "expires_in_seconds", aboveYear, "31536001"),
		`{"name":"x","expires_in_seconds":1e999999999}`: outOfRange("integer_above_max_value", "expires_in_seconds", aboveYear, "1e999999999"),
		`{"name":"x","role":"Owner"}`: badParam("invalid_value", "role",
			"Invalid value: 'Owner'. Supported values are: 'owner' and 'reader'."),
		`{"name":"x","projects":[1]}`:                                 wrongType("projects[0]", "an object", "an integer"),
		`{"name":"x","projects":[null]}`:                              wrongType("projects[0]", "an object", "null"),
		`{"name":"x","projects":[{"id":1}]}`:                          wrongType("projects[0].id", "a string", "an integer"),
		`{"name":"x","projects":[{"role":"owner"}]}`:                  missing("projects[0].id"),
		`{"projects":[{"role":"owner"}]}`:                             missing("projects[0].id"),
		`{"name":"x","projects":[{"id":"p","role":"owner"},{"y":1}]}`: unknown("projects[1].y"),
		`{"name":"x","channel":{"ports":[1,0]}}`: outOfRange("integer_below_min_value", "channel.ports[1]",
			belowOne, "0"),
		`{"name":"x","channel":{}}`: missing("channel.ports"),
		`[]`:                        badParam("invalid_type", "", "Invalid type for the request body: expected an object, but got an array instead."),
		`null`:                      badParam("invalid_type", "", "Invalid type for the request body: expected an object, but got null instead."),
		`"x"`:                       badParam("invalid_type", "", "Invalid type for the request body: expected an object, but got a string instead."),
	} {
		_, err := b.bind(post(body))
		if diff := cmp.Diff(want, failureOf(err)); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

func TestBindBodyRefusesWhatIsNotStrictJSON(t *testing.T) {
	t.Parallel()
	const (
		cut      = "It ends before the JSON value is complete."
		follows  = "Something follows after the JSON object: send one object only."
		twice    = "The member 'name' is given twice in one object."
		utf8     = "It is not valid UTF-8."
		deep     = "It is nested too deeply: at most 32 levels are accepted."
		byteMark = "It begins with a byte order mark: send plain UTF-8."
	)
	b := newBinder[createThing]()
	for body, want := range map[string]string{
		` `:                                 cut,
		`{`:                                 cut,
		`{"name"`:                           cut,
		`{"name":"x`:                        cut,
		`{"name":"x"`:                       cut,
		`{"name":"x"}{}`:                    follows,
		`{"name":"x"}x`:                     follows,
		`{"name":"x"},`:                     follows,
		`{"name":"x","name":"x"}`:           twice,
		`{"name":5,"n\u0061me":"x"}`:        twice, // syntax comes before types
		`{"x":{"name":1,"name":2}}`:         twice,
		`{"x":1,"tags":[{"name":1,"name"`:   twice,
		"{\"name\":\"\xff\"}":               utf8,
		"{\"name\":\"\xed\xa0\x80\"}":       utf8,
		"\xff\xfe{\x00":                     utf8, // UTF-16
		"\uFEFF{\"name\":\"x\"}":            byteMark,
		`{"x":` + nested(31) + `}`:          "",
		`{"x":` + nested(32) + `}`:          deep,
		`{"tags":` + nested(32) + `}`:       deep,
		`{"x":` + strings.Repeat("[", 9999): deep,
		`{"name":"\ud800"}`:                 "Syntax error at byte 9: invalid surrogate pair",
		`{"name":"\ud800\u0041"}`:           "Syntax error at byte 9: invalid surrogate pair",
		`{"name":"\x41"}`:                   "Syntax error at byte 9: invalid escape sequence",
		"{\"name\":\"\n\"}":                 "Syntax error at byte 9: invalid character '\\n'",
		`{'name':'x'}`:                      "Syntax error at byte 1: invalid character '\\''",
		`{"name":x}`:                        "Syntax error at byte 8: invalid character 'x'",
		`{"name":NaN}`:                      "Syntax error at byte 8: invalid character 'N'",
		`{"name":"x",}`:                     "Syntax error at byte 11: ",
		`{"count":01}`:                      "Syntax error at byte 10: ",
		`{"count":+1}`:                      "Syntax error at byte 9: ",
		`{"name":"x"/**/}`:                  "Syntax error at byte 11: ",
		`name=x`:                            "Syntax error at byte 1: ",
	} {
		_, err := b.bind(post(body))
		if want == "" {
			if f := failureOf(err); f == nil || f.Code != "unknown_parameter" {
				t.Errorf("%.50s: %+v", body, f)
			}
			continue
		}
		f := failureOf(err)
		if f == nil || !strings.HasPrefix(f.Message, badBody(want).Message) {
			t.Errorf("%.50s: got %+v, want %q", body, f, want)
		} else if f.Status != http.StatusBadRequest || f.Code+f.Param != "" {
			t.Errorf("%.50s: %+v", body, f)
		}
	}
}

func nested(levels int) string {
	return strings.Repeat("[", levels) + strings.Repeat("]", levels)
}

func TestBodyMayBeAbsentOnlyWhereOptional(t *testing.T) {
	t.Parallel()
	type optional struct {
		Body *thing `body:"optional"`
	}
	for name, body := range map[string]io.Reader{
		"none":           http.NoBody,
		"empty, chunked": io.MultiReader(strings.NewReader("")),
	} {
		r := httptest.NewRequest(http.MethodPost, "/v1/things", body) // without a content type
		got, err := newBinder[optional]().bind(r)
		if got.Body != nil || err != nil {
			t.Errorf("%s, optional: %v, %v", name, got.Body, err)
		}
		r = httptest.NewRequest(http.MethodPost, "/v1/things", body)
		_, err = newBinder[createThing]().bind(r)
		if diff := cmp.Diff(badBody("The body is empty: send a JSON object."), failureOf(err)); diff != "" {
			t.Errorf("%s, required: %s", name, diff)
		}
	}
	got, err := newBinder[optional]().bind(post(`{"name":"x"}`))
	if diff := cmp.Diff(&thing{Name: "x"}, got.Body); diff != "" || err != nil {
		t.Errorf("optional, given: %v\n%s", err, diff)
	}
	_, err = newBinder[optional]().bind(post(`{}`))
	if f := failureOf(err); f == nil || f.Param != "name" {
		t.Errorf("optional, given but empty: %+v", f)
	}
}

func TestBodyMustSayThatItIsJSON(t *testing.T) {
	t.Parallel()
	unsupported := func(message string) *failure {
		return &failure{http.StatusUnsupportedMediaType, "unsupported_content_type", "", message}
	}
	for _, test := range []struct {
		name   string
		header http.Header
		want   *failure
	}{
		{"plain", http.Header{"Content-Type": {"application/json"}}, nil},
		{"charset", http.Header{"Content-Type": {"Application/JSON ; charset=latin1"}}, nil},
		{"identity", http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"Identity"}}, nil},
		{"none", http.Header{}, badBody("The request has no content type: send the header 'Content-Type: application/json'.")},
		{
			"form", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
			unsupported("Unsupported content type: 'application/x-www-form-urlencoded'. Send the body as 'application/json'."),
		},
		{
			"suffix", http.Header{"Content-Type": {"application/json5"}},
			unsupported("Unsupported content type: 'application/json5'. Send the body as 'application/json'."),
		},
		{
			"second line", http.Header{"Content-Type": {"application/json", "text/plain"}},
			unsupported("Unsupported content type: 'text/plain'. Send the body as 'application/json'."),
		},
		{
			"gzip", http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}},
			unsupported("Unsupported content encoding: 'gzip'. Send the body without compression."),
		},
	} {
		r := post(`{"name":"x"}`)
		r.Header = test.header
		_, err := newBinder[createThing]().bind(r)
		if diff := cmp.Diff(test.want, failureOf(err)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestBodySizeIsLimited(t *testing.T) {
	t.Parallel()
	exact := `{"name":"` + strings.Repeat("x", 256<<10-11) + `"}`
	tooLarge := &failure{http.StatusRequestEntityTooLarge, "", "", "The body of your request is too large. At most 262144 bytes are accepted."}
	b := newBinder[createThing]()
	if _, err := b.bind(post(exact)); err != nil {
		t.Errorf("256 KiB: %v", err)
	}
	declared := post(exact + " ")
	declared.Body = io.NopCloser(iotest.ErrReader(errors.New("read, although it is known to be too large")))
	_, err := b.bind(declared)
	if diff := cmp.Diff(tooLarge, failureOf(err)); diff != "" {
		t.Errorf("declared: %s", diff)
	}
	chunked := post(exact + " ")
	chunked.ContentLength = -1
	_, err = b.bind(chunked)
	if diff := cmp.Diff(tooLarge, failureOf(err)); diff != "" {
		t.Errorf("chunked: %s", diff)
	}
	limited := post(exact)
	limited.Body = http.MaxBytesReader(httptest.NewRecorder(), limited.Body, 10)
	_, err = b.bind(limited)
	if diff := cmp.Diff(tooLarge, failureOf(err)); diff != "" {
		t.Errorf("limited further out: %s", diff)
	}
}

func TestBrokenBodyIsTheClientsError(t *testing.T) {
	t.Parallel()
	r := post("")
	r.ContentLength = 100
	r.Body = io.NopCloser(iotest.TimeoutReader(iotest.OneByteReader(bytes.NewBufferString(`{"name"`))))
	_, err := newBinder[createThing]().bind(r)
	if diff := cmp.Diff(badBody("It ended before all of it was received."), failureOf(err)); diff != "" {
		t.Error(diff)
	}
}
