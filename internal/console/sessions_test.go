package console_test

import (
	"bufio"
	"net/http"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/org"
)

// TestWhatAPageDoesByItselfKeepsNoSession lets a page follow the log and ask for
// what is new, and nobody do anything for an hour.
func TestWhatAPageDoesByItselfKeepsNoSession(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t).signIn(s.owner)
	const most = org.SessionIdle * time.Second
	s.ahead.Store(int64(most - 2*time.Minute))
	b.follow(t)
	refresh := *b
	refresh.header = http.Header{"Hx-Request": {"true"}, "Hx-Request-Type": {"partial"}, "Keyreeve-Refresh": {"true"}}
	refresh.get("/activity").want(t, http.StatusOK, "signed in")
	s.ahead.Store(int64(most))
	refresh.get("/activity").want(t, http.StatusOK) // led to the door by a header
	b.get("/activity").want(t, http.StatusSeeOther)
}

// follow opens the stream and reads its first message.
func (b *browser) follow(t *testing.T) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.site.url+"/activity/live", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", b.cookie)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if line, err := bufio.NewReader(resp.Body).ReadString('\n'); resp.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("%d %q, %v", resp.StatusCode, line, err)
	}
}
