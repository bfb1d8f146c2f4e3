package httpapi

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// failure is the part of an apiError that bind decides.
type failure struct {
	Status               int
	Code, Param, Message string
}

func failureOf(e *apiError) *failure {
	if e == nil {
		return nil
	}
	f := &failure{Status: e.Status, Message: e.Body.Message}
	if e.Body.Code != nil {
		f.Code = *e.Body.Code
	}
	if e.Body.Param != nil {
		f.Param = *e.Body.Param
	}
	return f
}

func badParam(code, param, message string) *failure {
	return &failure{Status: http.StatusBadRequest, Code: code, Param: param, Message: message}
}

func badBody(why string) *failure {
	return badParam("", "", "We could not parse the JSON body of your request. "+why)
}

// post makes a request with a JSON body.
func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/things", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

type getKey struct {
	KeyID string `path:"key_id"`
	page
}

type page struct {
	Limit int `query:"limit,default=20,min=0,max=100"`
}

func TestBindFillsPathQueryAndEmbeddedFields(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/v1/keys/key_1?limit=3", http.NoBody)
	r.SetPathValue("key_id", "key_1")
	got, err := newBinder[getKey]().bind(r)
	if diff := cmp.Diff(getKey{KeyID: "key_1", page: page{Limit: 3}}, got, cmp.AllowUnexported(getKey{})); diff != "" || err != nil {
		t.Errorf("bind: %v\n%s", err, diff)
	}
}

func TestBindOfNothingReadsNoBody(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*http.Request{
		"GET with Content-Length 0": httptest.NewRequest(http.MethodGet, "/v1/keys", strings.NewReader("")),
		"GET with a body":           httptest.NewRequest(http.MethodGet, "/v1/keys", strings.NewReader("{")),
		"DELETE with a body":        httptest.NewRequest(http.MethodDelete, "/v1/keys", strings.NewReader("{")),
	} {
		if _, err := newBinder[struct{}]().bind(r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBindWithoutPathValuePanics(t *testing.T) {
	t.Parallel()
	mustPanic(t, "no path value {key_id}", func() {
		_, _ = newBinder[getKey]().bind(httptest.NewRequest(http.MethodGet, "/v1/keys", http.NoBody))
	})
}

type object struct {
	A string `json:"a"`
}

type (
	badUntagged   struct{ A string }
	badUnexported struct {
		a int `query:"a"` //nolint:unused // that it cannot be filled is the point
	}
	badEmbedded struct{ *object }
	badMembers  struct {
		object
		B int `json:"a"`
	}
)

func TestBadTagsPanicWhenTheRouteIsMade(t *testing.T) {
	t.Parallel()
	for want, request := range map[string]reflect.Type{
		"not a struct":           reflect.TypeFor[string](),
		"one tag of path":        reflect.TypeFor[badUntagged](),
		"want an exported field": reflect.TypeFor[badUnexported](),
		"embedded, but not a":    reflect.TypeFor[badEmbedded](),
		"a path value is":        request(field[int](`path:"a"`)),
		"type float64":           request(field[float64](`query:"a"`)),
		"type *[]string":         request(field[*[]string](`query:"a"`)),
		"type [][]string":        request(field[[][]string](`query:"a"`)),
		"no object":              request(field[object](`query:"a"`)),
		"no name":                request(field[string](`query:",required"`)),
		`rule "mni=1"`:           request(field[int](`query:"a,mni=1"`)),
		`rule "min=1"`:           request(field[string](`query:"a,min=1"`)),
		`rule "max=1"`:           request(field[bool](`query:"a,max=1"`)),
		`bound "x"`:              request(field[int](`query:"a,min=x"`)),
		`rule "enum=1|2"`:        request(field[int](`query:"a,enum=1|2"`)),
		`rule "nullable"`:        request(field[int](`query:"a,nullable"`)),
		`rule ""`:                request(field[int](`query:"a,required,"`)),
		"never null":             request(field[*int](`query:"a,nullable"`)),
		"above maximum value":    request(field[int](`query:"a,default=9,max=8"`)),
		"with a default":         request(field[int](`query:"a,default=9,required"`)),
		"second parameter":       request(field[[]int](`query:"a"`), field[int](`query:"a[]"`)),
		"a body is a struct":     request(field[string](`body:"required"`)),
		`want body:"required"`:   request(field[object](`body:"optional"`)),
		"second body":            request(field[object](`body:"required"`), field[object](`body:"required"`)),
		"second member":          request(field[badMembers](`body:"required"`)),
		"one tag of json":        request(field[badUntagged](`body:"required"`)),
	} {
		mustPanic(t, want, func() { newRequestPlan(request) })
	}
}

// request makes a request struct of fields named A, B and so on.
func request(fields ...reflect.StructField) reflect.Type {
	for i := range fields {
		fields[i].Name = string(rune('A' + i))
	}
	return reflect.StructOf(fields)
}

func field[T any](tag reflect.StructTag) reflect.StructField {
	return reflect.StructField{Type: reflect.TypeFor[T](), Tag: tag}
}

func mustPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got, _ := recover().(string); !strings.Contains(got, want) {
			t.Errorf("panic %q, want one with %q", got, want)
		}
	}()
	f()
}
