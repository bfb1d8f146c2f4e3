package console

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/keyreeve/keyreeve/internal/token"
)

func TestTimesAreWorded(t *testing.T) {
	t.Parallel()
	const now = 1_800_000_000
	for _, tt := range []struct {
		at   int64
		want string
	}{
		{now, "just now"},
		{now - 9, "just now"},
		{now - 59, "59 seconds ago"},
		{now - 60, "1 minute ago"},
		{now - 47*3600, "47 hours ago"},
		{now - 48*3600, "2 days ago"},
		{now + 3*86400, "in 3 days"},
		{now + 30*86400 - 4, "in 30 days"},
		{now + 365*86400 - 4, "in 12 months"},
		{now - 400*86400, "13 months ago"},
		{now - 800*86400, "2 years ago"},
	} {
		if got := (moment{At: tt.at, Now: now}).Relative(); got != tt.want {
			t.Errorf("%d seconds: %q, want %q", tt.at-now, got, tt.want)
		}
	}
}

func TestMessagesLoseTheParameter(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"Invalid 'name': string too long.": "String too long.",
		"Invalid 'email': 'x' is no user.": "'x' is no user.",
		"No such key: 'x'.":                "No such key: 'x'.",
	} {
		if got := atField(message); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}

func TestNumbersAreGrouped(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567"} {
		if got := number(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestOnlyPagesOfTheConsoleAreGoneToAfterSigningIn(t *testing.T) {
	t.Parallel()
	c := New(Config{})
	secret, err := token.Mint(token.KindAdmin, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"/users": "/users", "/admin-keys/key_x": "/admin-keys/key_x", "/": "/", "": "/", "users": "/",
		"/activity?type=api_key.created&actor=a%40b": "/activity?actor=a%40b&type=api_key.created", "/?signed-in": "/",
		"//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/", "/users?next=//evil.example": "/users?next=%2F%2Fevil.example",
		"/v1/x": "/", "/sign-out": "/", "/sign-in": "/", "/assets/x": "/", "/activity/live": "/", "/users/": "/", "/users/..": "/",
		"/users%2f..": "/", "/activity?actor=%00": "/activity", "/activity?actor=\r\nx": "/", "/activity?actor=" + strings.Repeat("x", 2000): "/",
		"/activity?actor=" + secret.Reveal() + "&type=x": "/activity?type=x", "/users/" + secret.Reveal(): "/",
	} {
		if got := c.safeNext(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

func TestEveryRouteIsOwned(t *testing.T) {
	t.Parallel()
	for _, r := range Routes() {
		path := r.Pattern[len("GET"):]
		for path[0] != '/' {
			path = path[1:]
		}
		if path == "/{$}" {
			path = "/"
		}
		if !Owns(path) {
			t.Errorf("%s is not the console's by Owns", r.Pattern)
		}
	}
	for _, path := range []string{"/v1/organization/users", "/gateway/auth", "/metrics", "/x", "//", "/users/", "/users/../users", "users"} {
		if Owns(path) {
			t.Errorf("%s is the console's", path)
		}
	}
}
