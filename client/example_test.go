package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/keyreeve/keyreeve/api"
	"github.com/keyreeve/keyreeve/client"
)

func ExampleNew() {
	c, err := client.New("https://keys.example.com/v1", "sk-admin-0123456789",
		client.WithTimeout(5*time.Second),
		client.WithMaxRetries(4),
	)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c)
	// Output: client of https://keys.example.com/v1
}

func ExampleAdminAPIKeys_Create() {
	c, stop := connect()
	defer stop()

	created, err := c.AdminAPIKeys.Create(context.Background(), api.AdminAPIKeyCreateRequest{
		Name:             "deploy",
		ExpiresInSeconds: new(int64(90 * 24 * 60 * 60)),
	})
	if err != nil {
		log.Fatal(err)
	}
	// Keep created.Value now: no later answer contains it.
	fmt.Println(*created.Name, strings.HasPrefix(created.Value, "sk-admin-"))
	fmt.Println("expires after", time.Duration(*created.ExpiresAt-created.CreatedAt)*time.Second)
	// Output:
	// deploy true
	// expires after 2160h0m0s
}

func ExampleAdminAPIKeys_Get() {
	c, stop := connect("deploy")
	defer stop()
	id := newest(c)

	key, err := c.AdminAPIKeys.Get(context.Background(), id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*key.Name, "of", key.Owner.Type)
	if key.ExpiresAt == nil {
		fmt.Println("never expires")
	}
	// Output:
	// deploy of user
	// never expires
}

func ExampleAdminAPIKeys_List() {
	c, stop := connect("build", "deploy", "backup")
	defer stop()

	page, err := c.AdminAPIKeys.List(context.Background(), api.AdminAPIKeyListParams{
		Order: api.OrderDescending,
		Limit: new(2),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, key := range page.Data {
		fmt.Println(*key.Name)
	}
	fmt.Println("more:", page.HasMore)
	// Output:
	// backup
	// deploy
	// more: true
}

func ExampleAdminAPIKeys_All() {
	c, stop := connect("ci-1", "ci-2", "deploy", "ci-3")
	defer stop()

	for key, err := range c.AdminAPIKeys.All(context.Background(), api.AdminAPIKeyListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		if key.Name != nil && strings.HasPrefix(*key.Name, "ci-") {
			fmt.Println(*key.Name)
		}
	}
	// Output:
	// ci-1
	// ci-2
	// ci-3
}

func ExampleAdminAPIKeys_Delete() {
	c, stop := connect("deploy")
	defer stop()
	id := newest(c)

	deleted, err := c.AdminAPIKeys.Delete(context.Background(), id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("deleted:", deleted.Deleted)

	_, err = c.AdminAPIKeys.Delete(context.Background(), id)
	if e, ok := errors.AsType[*client.Error](err); ok && e.Status == http.StatusNotFound {
		fmt.Println("gone already")
	}
	// Output:
	// deleted: true
	// gone already
}

func ExampleRequestError() {
	c, stop := connect()
	defer stop()

	_, err := c.AdminAPIKeys.Create(context.Background(), api.AdminAPIKeyCreateRequest{Name: "  "})
	fmt.Println(err)
	// Output: create admin API key: invalid name: is empty (nothing was sent)
}

func ExampleError() {
	c, stop := connect()
	defer stop()

	_, err := c.AdminAPIKeys.Get(context.Background(), "key_00000000000000000000000000")
	if e, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println(e.Status, e.Type)
		fmt.Println(e.Message)
	}
	// Output:
	// 404 invalid_request_error
	// No such admin API key: 'key_00000000000000000000000000'.
}

// connect returns a client of a fresh server on which keys of these names were
// created, in this order.
func connect(names ...string) (c *client.Client, stop func()) {
	baseURL, adminKey, stopServer := startServer()
	c, err := client.New(baseURL, adminKey)
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range names {
		if _, err := c.AdminAPIKeys.Create(context.Background(), api.AdminAPIKeyCreateRequest{Name: name}); err != nil {
			log.Fatal(err)
		}
	}
	return c, func() { c.CloseIdleConnections(); stopServer() }
}

// newest returns the id of the key that was created last.
func newest(c *client.Client) string {
	page, err := c.AdminAPIKeys.List(context.Background(), api.AdminAPIKeyListParams{Order: api.OrderDescending, Limit: new(1)})
	if err != nil || len(page.Data) == 0 {
		log.Fatal("no key: ", err)
	}
	return page.Data[0].ID
}
