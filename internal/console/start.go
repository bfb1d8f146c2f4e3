package console

import (
	"net/http"
	"strings"
)

// startPage tells how to use this very server.
type startPage struct {
	frame
	BaseURL  string // of the API, with /v1
	Snippets []snippet
}

// snippet is something to paste.
type snippet struct{ ID, Title, Text, Code string }

func (v *visit) showStart() error {
	base := baseURL(v.r)
	return v.render(http.StatusOK, "start", startPage{frame: v.frame("Get started", "/start"), BaseURL: base, Snippets: snippets(base)})
}

// baseURL is where the API is, as the browser reached the console.
func baseURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		scheme = "https"
	}
	return scheme + "://" + r.Host + "/v1"
}

func snippets(base string) []snippet {
	host := strings.TrimSuffix(base, "/v1")
	return []snippet{
		{"curl", "curl", "List the admin keys.",
			"export KEYREEVE_ADMIN_KEY=sk-admin-…\n" +
				"curl " + base + `/organization/admin_api_keys -H "Authorization: Bearer $KEYREEVE_ADMIN_KEY"`},
		{"python", "Python: openai", "OpenAI's own package. Only the base URL and the key differ.",
			"import os\nfrom openai import OpenAI\n\n" +
				"client = OpenAI(base_url=\"" + base + "\", admin_api_key=os.environ[\"KEYREEVE_ADMIN_KEY\"])\n" +
				"for key in client.admin.organization.admin_api_keys.list():\n    print(key.id, key.name)"},
		{"node", "Node.js: openai", "The same for JavaScript and TypeScript.",
			"import OpenAI from \"openai\";\n\n" +
				"const client = new OpenAI({ baseURL: \"" + base + "\", adminAPIKey: process.env.KEYREEVE_ADMIN_KEY });\n" +
				"for await (const key of client.admin.organization.adminAPIKeys.list()) console.log(key.id, key.name);"},
		{"go", "Go: openai-go", "The same for Go.",
			"client := openai.NewClient(\n\toption.WithBaseURL(\"" + base + "\"),\n" +
				"\toption.WithAdminAPIKey(os.Getenv(\"KEYREEVE_ADMIN_KEY\")),\n)\n" +
				"keys := client.Admin.Organization.AdminAPIKeys.ListAutoPaging(ctx, openai.AdminOrganizationAdminAPIKeyListParams{})"},
		{"terraform", "Terraform", "OpenAI's provider. The key comes from OPENAI_ADMIN_KEY.",
			"terraform {\n  required_providers {\n    openai = { source = \"openai/openai\" }\n  }\n}\n\n" +
				"provider \"openai\" {\n  base_url = \"" + base + "\"\n}\n\n" +
				"resource \"openai_project\" \"chat\" {\n  name = \"chat\"\n}"},
		{"nginx", "nginx", "Lets a request through to your models when its key is good. " +
			"The complete recipe, with errors in OpenAI's form, is docs/gateways/nginx.conf.",
			"location / {\n    auth_request /_keyreeve;\n    proxy_pass http://127.0.0.1:8001;   # vLLM, SGLang, Ollama …\n}\n" +
				"location = /_keyreeve {\n    internal;\n    proxy_pass " + host + "/gateway/auth;\n" +
				"    proxy_pass_request_body off;\n    proxy_set_header Content-Length \"\";\n}"},
		{"caddy", "Caddy", "The same. The complete recipe is docs/gateways/Caddyfile.",
			"route {\n\trequest_header -X-Keyreeve-*\n\tforward_auth " + host + " {\n\t\turi /gateway/auth\n" +
				"\t\tcopy_headers X-Keyreeve-Key-Id X-Keyreeve-Owner-Id X-Keyreeve-Project-Id\n\t}\n\treverse_proxy 127.0.0.1:8001\n}"},
	}
}
