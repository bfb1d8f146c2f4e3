// Command bare is what the gateway figures are compared with: a net/http handler
// that answers every request 200 with the headers it was started with, and
// looks at nothing. It has no timeouts, no router and no log.
//
//	bare -listen 127.0.0.1:8082 Cache-Control=no-store X-Keyreeve-Kind=admin
package main

import (
	"flag"
	"fmt"
	"net/http"
	"net/textproto"
	"os"
	"strings"
)

func main() {
	address := flag.String("listen", "127.0.0.1:8082", "where to answer")
	flag.Parse()
	// The values are shared by all answers, so that a header costs no allocation.
	type field struct {
		name   string
		values []string
	}
	var header []field
	for _, text := range flag.Args() {
		name, value, _ := strings.Cut(text, "=")
		header = append(header, field{textproto.CanonicalMIMEHeaderKey(name), []string{value}})
	}
	err := http.ListenAndServe(*address, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for _, f := range header {
			h[f.name] = f.values
		}
		w.WriteHeader(http.StatusOK)
	}))
	fmt.Fprintln(os.Stderr, "bare:", err)
	os.Exit(1)
}
