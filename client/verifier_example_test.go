package client_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/keyreeve/keyreeve/client"
	"github.com/keyreeve/keyreeve/internal/token"
)

func ExampleNewVerifier() {
	v, err := client.NewVerifier("https://keys.example.com",
		client.WithAdminKey("sk-admin-0123456789"),
		client.WithTimeout(500*time.Millisecond),
		client.WithCache(5*time.Second), // and a revoked key passes for up to 5 seconds
	)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v)
	// Output: verifier of https://keys.example.com
}

func ExampleNewVerifier_socket() {
	v, err := client.NewVerifier("unix:/run/keyreeve/gateway.sock")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v)
	// Output: verifier of unix:/run/keyreeve/gateway.sock
}

func ExampleVerifier_Verify() {
	gatewayURL, key, revoke, stop := startGateway()
	defer stop()
	v, err := client.NewVerifier(gatewayURL)
	if err != nil {
		log.Fatal(err)
	}
	defer v.CloseIdleConnections()

	found, err := v.Verify(context.Background(), key, client.KindProject)
	if err != nil {
		log.Fatal(err) // nothing is known of the key: answer 503
	}
	fmt.Println(found.Outcome, found.OwnerID, found.ProjectID)

	revoke()
	found, err = v.Verify(context.Background(), key, client.KindProject)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Outcome)
	// Output:
	// allowed user_1 proj_1
	// inactive
}

func ExampleVerifier_Middleware() {
	gatewayURL, key, _, stop := startGateway()
	defer stop()
	v, err := client.NewVerifier(gatewayURL, client.WithErrorFunc(func(_ context.Context, err error) {
		log.Print(err)
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer v.CloseIdleConnections()

	models := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if found, ok := client.VerificationFrom(r.Context()); ok {
			fmt.Fprintln(w, "models of", found.ProjectID)
		}
	})
	mux := http.NewServeMux()
	mux.Handle("GET /v1/models", v.Middleware(client.KindProject, client.KindServiceAccount)(models))

	for _, authorization := range []string{"Bearer " + key, ""} {
		r := httptest.NewRequest(http.MethodGet, "/v1/models", http.NoBody)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// 200 models of proj_1
	//
	// 401 {"error":{"message":"Missing bearer authentication in header","type":"invalid_request_error","param":null,"code":null}}
}

// startGateway starts a gateway listener that knows one project key.
func startGateway() (baseURL, key string, revoke, stop func()) {
	g := newGate(true)
	key = g.add(token.KindProject, nil)
	srv := httptest.NewServer(g.handler)
	return srv.URL, key, func() { g.revoke(key) }, srv.Close
}
