// Package client calls OpenAI's organization Administration API: that of a
// Keyreeve server, or of OpenAI itself, since the API is the same.
//
// # Start
//
// A client needs the base URL, which ends in /v1 as in OpenAI's own SDKs, and
// an admin key:
//
//	c, err := client.New("https://keys.example.com/v1", os.Getenv("KEYREEVE_ADMIN_KEY"))
//	if err != nil {
//		return err
//	}
//	created, err := c.AdminAPIKeys.Create(ctx, api.AdminAPIKeyCreateRequest{Name: "deploy"})
//	if err != nil {
//		return err
//	}
//	store(created.Value) // shown this once
//
// The other resources work alike: users, invites, projects, and what belongs to a
// project, whose id comes first. A project with a key for a program:
//
//	p, err := c.Projects.Create(ctx, api.ProjectCreateRequest{Name: "chat"})
//	…
//	a, err := c.ProjectServiceAccounts.Create(ctx, p.ID, api.ProjectServiceAccountCreateRequest{Name: "worker"})
//	…
//	store(a.APIKey.Value) // shown this once
//
// All walks through every key and fetches the pages as it goes:
//
//	for key, err := range c.AdminAPIKeys.All(ctx, api.AdminAPIKeyListParams{}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(key.ID, key.RedactedValue)
//	}
//
// A Client is safe for concurrent use. Make one and keep it: it owns a pool of
// connections.
//
// # Errors
//
// There are four ways to fail, and errors.As (or errors.AsType) tells them
// apart:
//
//   - [*RequestError]: the request breaks the contract. Nothing was sent.
//   - [*Error]: the server refused. It carries the status, the API's type, code
//     and param, and the request id to quote to whoever runs the server.
//   - [*ResponseError]: the server answered 2xx with something that is not what
//     the contract promises: a proxy's login page, half a body, another object.
//   - anything else: no answer. It wraps the cause, so that
//     errors.Is(err, context.DeadlineExceeded) and the like work.
//
// For example:
//
//	if e, ok := errors.AsType[*client.Error](err); ok && e.Status == http.StatusNotFound {
//		// there is no such key
//	}
//
// No error contains the client's key, even where the server or a proxy echoes
// it.
//
// # Retries
//
// GET and DELETE are tried up to two more times (see [WithMaxRetries]) after a
// failed connection, 408, 429 and 5xx, with a random, doubling pause of at most
// 8 seconds. The server's Retry-After, retry-after-ms and x-should-retry headers
// win over that; a server that asks for more than a minute is not waited for,
// and [Error.RetryAfter] says what it asked. A context that ends before the
// pause would is not waited for either: the last error comes back at once.
//
// POST is never repeated. The API has no idempotency key, so a second attempt
// could create a second key. Read [AdminAPIKeys.Create] on what a lost answer
// leaves behind; it holds for everything that is made. A change of what is there,
// sent again by the caller, changes nothing more.
//
// # Security
//
// Redirects are never followed: they would turn a POST into a GET and could
// carry the key to another host. A plain http:// URL is accepted for any host,
// since many installations end TLS beside the server; beyond a loopback or an
// otherwise protected network use https://.
package client
