package server_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keyreeve/keyreeve/internal/server"
)

// A start that fails leaves nothing behind: the same port, database and key
// file serve the next attempt. TestMain looks for goroutines.
func TestFailedStartLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		breakIt func(*server.Config)
		want    string
	}{
		"the owner has no name":       {func(c *server.Config) { c.OwnerName = "" }, "owner-name"},
		"the certificate is missing":  {func(c *server.Config) { c.TLSCert, c.TLSKey = "no.pem", "no.pem" }, "--tls-cert no.pem"},
		"half of the certificate":     {func(c *server.Config) { c.TLSCert = "no.pem" }, "give both or neither"},
		"the directory is missing":    {func(c *server.Config) { c.Database = "missing/keyreeve.db" }, "missing"},
		"the key has no place":        {func(c *server.Config) { c.BootstrapKeyFile = "missing/key" }, "missing/key"},
		"the key file is there":       {func(c *server.Config) { c.BootstrapKeyFile = os.DevNull }, "exists already"},
		"no such kind of database":    {func(c *server.Config) { c.Database = "mysql://db" }, "not a kind of database"},
		"PostgreSQL is not there":     {func(c *server.Config) { c.Database = "postgres://u:hunter2@127.0.0.1:1/db" }, "refused"},
		"the address is not one":      {func(c *server.Config) { c.Listen = "nowhere" }, "--listen nowhere: missing port in address"},
		"the address is not our own":  {func(c *server.Config) { c.Listen = "192.0.2.1:80" }, "--listen 192.0.2.1:80: "},
		"part of a millisecond":       {func(c *server.Config) { c.Lease = 2*time.Second + time.Microsecond }, "--lease 2.000001s"},
		"grace below a millisecond":   {func(c *server.Config) { c.Grace = time.Microsecond }, "--stale allow:1µs"},
		"there is no address":         {func(c *server.Config) { c.Listen = "" }, "--listen is empty"},
		"the database is a directory": {func(c *server.Config) { c.Database = filepath.Dir(c.Database) }, "directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good := config(t)
			good.Listen = freeAddress(t)
			bad := good
			tc.breakIt(&bad)
			_, err := server.Start(t.Context(), bad)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error is %q, want one line with %q", err, tc.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the error holds a password")
			}
			start(t, good)
		})
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	first := start(t, config(t))
	cfg := config(t)
	cfg.Listen = strings.TrimPrefix(first.url, "http://")
	_, err := server.Start(t.Context(), cfg)
	if err == nil || err.Error() != "--listen "+cfg.Listen+": address already in use" {
		t.Errorf("error is %v", err)
	}
	// Nobody would have seen the key of a database that was made now.
	if _, err := os.Stat(cfg.Database); err == nil {
		t.Error("there is a database")
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
