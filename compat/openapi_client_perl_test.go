package compat

import "testing"

func TestOpenAPIClientPerl(t *testing.T) {
	t.Parallel()
	require(t, "Perl's OpenAPI::Client", "perl", "-MOpenAPI::Client", "-e", "1")
	start(t).run(t, "perl", "perl", "admin_api_keys.t")
}
