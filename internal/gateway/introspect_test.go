package gateway_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const formType = "Content-Type: application/x-www-form-urlencoded"

func introspect(tb testing.TB, s server, form string, header ...string) answer {
	tb.Helper()
	return post(tb, s, form, append(header, formType)...)
}

func post(tb testing.TB, s server, form string, header ...string) answer {
	tb.Helper()
	raw := append([]string{"POST /gateway/introspect HTTP/1.1", "Host: gateway", "Connection: close",
		fmt.Sprintf("Content-Length: %d", len(form))}, header...)
	answers, err := converse(tb.Context(), s, lines(raw...)+form)
	if err != nil || len(answers) != 1 {
		tb.Fatalf("%s: %d answers: %v", s.name, len(answers), err)
	}
	return answers[0]
}

func TestIntrospectionTellsOfGoodKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	servers := both(t, f, true)
	const inactive = `{"active":false}`
	for form, want := range map[string]string{
		"token={admin}": `{"active":true,"scope":"api.management.read api.management.write","client_id":"` + adminID +
			`","sub":"user_owner","iat":1752000000,"token_type":"Bearer","keyreeve_kind":"admin","keyreeve_owner_type":"user"}`,
		"token={reader}&token_type_hint=refresh_token": `{"active":true,"scope":"api.management.read","client_id":"` + readerID +
			`","sub":"user_reader","iat":1752000000,"token_type":"Bearer","keyreeve_kind":"admin","keyreeve_owner_type":"user"}`,
		"token_type_hint=access_token&token={project}": `{"active":true,"scope":"model.request","client_id":"` + projectID +
			`","sub":"user_reader","exp":1752001001,"iat":1752000000,"token_type":"Bearer","keyreeve_kind":"project",` +
			`"keyreeve_owner_type":"user","keyreeve_project_id":"proj_1"}`,
		"x=y&token={account}": `{"active":true,"scope":"model.request","client_id":"` + accountID +
			`","sub":"sa_1","iat":1752000000,"token_type":"Bearer","keyreeve_kind":"service_account",` +
			`"keyreeve_owner_type":"service_account","keyreeve_project_id":"proj_1"}`,
		"token={expired}":          inactive,
		"token={revoked}":          inactive,
		"token={archived}":         inactive,
		"token={stranger}":         inactive,
		"token=Bearer+{admin}":     inactive,
		"token=%00%ff":             inactive,
		"token={admin}%20":         inactive,
		"token={admin}#{stranger}": inactive,
	} {
		for _, s := range servers {
			got := introspect(t, s, f.fill(form))
			if diff := cmp.Diff(want, got.Body); diff != "" || got.Status != 200 {
				t.Errorf("%s by %s: status %d, body (-want +got):\n%s", form, s.name, got.Status, diff)
			}
			wantHeader := map[string]string{"Cache-Control": "no-store", "Content-Type": "application/json"}
			if diff := cmp.Diff(wantHeader, oursOf(got.Header)); diff != "" {
				t.Errorf("%s by %s: header (-want +got):\n%s", form, s.name, diff)
			}
		}
	}
}

func TestIntrospectionRefusesBadForms(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	servers := both(t, f, true)
	good := "token=" + f.admin
	for _, test := range []struct {
		name, form, contentType string
		status                  int
		message                 string
	}{
		{"nothing", "", formType, 400, "Invalid introspection request: it must hold token."},
		{"no token", "token_type_hint=access_token", formType, 400, "Invalid introspection request: it must hold token."},
		{"empty token", "token=", formType, 400, "Invalid introspection request: it must hold token."},
		{"token twice", good + "&" + good, formType, 400, "Invalid introspection request: it must hold no parameter twice."},
		{"hint twice", good + "&token_type_hint=a&token_type_hint=a", formType, 400, "Invalid introspection request: it must hold no parameter twice."},
		{"bad escape", "token=%zz", formType, 400, "Invalid introspection request: it cannot be decoded."},
		{"semicolon", good + ";x=y", formType, 400, "Invalid introspection request: it cannot be decoded."},
		{"JSON", `{"token":"x"}`, "Content-Type: application/json", 400, "Invalid introspection request: send it as application/x-www-form-urlencoded."},
		{"no type", good, "Accept: */*", 400, "Invalid introspection request: send it as application/x-www-form-urlencoded."},
		{"multipart", good, "Content-Type: multipart/form-data; boundary=x", 400, "Invalid introspection request: send it as application/x-www-form-urlencoded."},
		{"charset", good, "Content-Type: Application/X-WWW-Form-Urlencoded ; charset=UTF-8", 200, ""},
		{"4096 bytes", good + "&x=" + strings.Repeat("y", 4096-len(good)-3), formType, 200, ""},
		{"4097 bytes", good + "&x=" + strings.Repeat("y", 4097-len(good)-3), formType, 413, "The request body is larger than 4096 bytes."},
	} {
		for _, s := range servers {
			got := post(t, s, test.form, test.contentType)
			if got.Status != test.status || !strings.Contains(got.Body, `"`+test.message+`"`) && test.message != "" {
				t.Errorf("%s by %s: %d %s", test.name, s.name, got.Status, got.Body)
			}
			if strings.Contains(got.Body, f.admin[10:]) {
				t.Errorf("%s by %s: shows the key", test.name, s.name)
			}
		}
	}
}

func TestIntrospectionAdmitsAdminKeysOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	servers := both(t, f, false)
	basic := func(user, password string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	for _, test := range []struct {
		name, form, header string
		status             int
		reason             string
	}{
		{"nothing", "", "", 401, "missing_key"},
		{"bearer", "", "Authorization: Bearer {admin}", 200, ""},
		{"bearer of a reader", "", "Authorization: bearer {reader}", 200, ""},
		{"project key", "", "Authorization: Bearer {project}", 403, "wrong_kind"},
		{"unknown", "", "Authorization: Bearer {stranger}", 401, "invalid_api_key"},
		{"expired", "", "Authorization: Bearer {expired}", 401, "invalid_api_key"},
		{"Basic", "", basic("any", f.admin), 200, ""},
		{"Basic, escaped", "", basic("any", url.QueryEscape(f.admin)), 200, ""},
		{"Basic with a project key", "", basic("any", f.project), 403, "wrong_kind"},
		{"Basic, unknown", "", basic("any", f.stranger), 401, "invalid_api_key"},
		{"Basic with the key as name", "", basic(f.admin, ""), 401, "missing_key"},
		{"Basic, no base64", "", "Authorization: Basic {admin}", 401, "missing_key"},
		{"client_secret", "&client_id=x&client_secret={admin}", "", 200, ""},
		{"client_secret of a project key", "&client_secret={project}", "", 403, "wrong_kind"},
		{"client_secret, unknown", "&client_secret={stranger}", "", 401, "invalid_api_key"},
		{"both, the same", "&client_secret={admin}", "Authorization: Bearer {admin}", 200, ""},
		{"both, different", "&client_secret={reader}", "Authorization: Bearer {admin}", 401, "ambiguous_key"},
		{"two headers", "", "Authorization: Bearer {admin}\r\nAuthorization: Bearer {admin}", 401, "ambiguous_key"},
		{"X-Api-Key is not one of the ways", "", "X-Api-Key: {admin}", 401, "missing_key"},
		{"admission before validation", "&x=%zz", "", 401, "missing_key"},
		{"validation after admission", "&x=%zz", "Authorization: Bearer {admin}", 400, "bad_request"},
	} {
		for _, s := range servers {
			header := "Accept: */*"
			if test.header != "" {
				header = test.header
			}
			got := introspect(t, s, f.fill("token={account}"+test.form), f.fill(header))
			if reason := got.Header.Get("X-Keyreeve-Reason"); got.Status != test.status || reason != test.reason {
				t.Errorf("%s by %s: %d %q, want %d %q", test.name, s.name, got.Status, reason, test.status, test.reason)
			}
			if active := strings.Contains(got.Body, `"active":true`); active != (test.status == 200) {
				t.Errorf("%s by %s: body %s", test.name, s.name, got.Body)
			}
		}
	}
}

// FuzzIntrospectForm feeds introspection arbitrary forms: what is answered is
// proper, and nobody is let in or called active without a good key.
func FuzzIntrospectForm(f *testing.F) {
	x := newFixture(f)
	trusted, guarded := x.gate.Handler(true), x.gate.Handler(false)
	for _, form := range []string{
		"token={admin}", "token={project}&token_type_hint=x", "token={stranger}&client_secret={admin}", "token=", "token={admin}&token={admin}",
		"token=%zz", "client_secret={account}&token=%00", "a=b;c", "&&=&", "token={admin}%20", "TOKEN={admin}",
	} {
		f.Add(form, "application/x-www-form-urlencoded")
	}
	f.Add("token={admin}", "application/x-www-form-urlencoded; charset=utf-8")
	f.Add(`{"token":"{admin}"}`, "application/json")
	f.Fuzz(func(t *testing.T, form, contentType string) {
		form = x.fill(form)
		active := [2]bool{}
		for i, handler := range []http.Handler{trusted, guarded} {
			r := httptest.NewRequest(http.MethodPost, "/gateway/introspect", strings.NewReader(form))
			r.Header.Set("Content-Type", contentType)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			body := w.Body.String()
			switch w.Code {
			case 200:
				active[i] = strings.HasPrefix(body, `{"active":true,`)
				if !active[i] && body != `{"active":false}` {
					t.Fatalf("body %s", body)
				}
			case 400, 401, 403, 413:
				if !strings.HasPrefix(body, `{"error":{"message":"`) {
					t.Fatalf("body %s", body)
				}
			default:
				t.Fatalf("status %d", w.Code)
			}
			if strings.Contains(body, x.admin[12:]) || strings.Contains(body, x.stranger[12:len(x.stranger)-4]) {
				t.Fatalf("shows a key: %s", body)
			}
		}
		values, err := url.ParseQuery(form)
		good := err == nil && slices.Contains([]string{x.admin, x.reader, x.project, x.account}, values.Get("token"))
		admin := slices.Contains([]string{x.admin, x.reader}, values.Get("client_secret"))
		if active[0] && !good || active[1] && !(good && admin) {
			t.Fatalf("active: %v", active)
		}
	})
}
