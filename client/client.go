package client

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// Client calls the Administration API of one server with one admin key. Its
// fields are the resources. Make one with [New].
type Client struct {
	// AdminAPIKeys manages the organization's admin API keys.
	AdminAPIKeys AdminAPIKeys
	// Users manages the people of the organization.
	Users Users
	// Invites asks people to join the organization.
	Invites Invites
	// Projects manages projects.
	Projects Projects
	// ProjectUsers manages the members of projects.
	ProjectUsers ProjectUsers
	// ProjectServiceAccounts manages the service accounts of projects.
	ProjectServiceAccounts ProjectServiceAccounts
	// ProjectAPIKeys manages the keys of projects.
	ProjectAPIKeys ProjectAPIKeys
	// ProjectRateLimits manages what projects may ask of models.
	ProjectRateLimits ProjectRateLimits
	// AuditLogs reads what was changed, when and by whom.
	AuditLogs AuditLogs

	transport *transport
}

// New returns a client for the API at baseURL, which ends in /v1 with or
// without a slash after it (http://127.0.0.1:8080/v1), authenticated by key.
// It makes no connection. Its errors never repeat the key, nor what could be one
// or hold a secret: the two arguments are easily swapped, and a URL may have a
// password.
func New(baseURL, key string, opts ...Option) (*Client, error) {
	base, err := parseBaseURL(baseURL)
	if err != nil {
		return nil, fmt.Errorf("new client: base URL: %w", err)
	}
	if err := checkKeyValue(key); err != nil {
		return nil, fmt.Errorf("new client: key: %w", err)
	}
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, fmt.Errorf("new client: %w", err)
	}
	t := &transport{base: base, config: cfg, key: func() string { return key }}
	return &Client{
		AdminAPIKeys:           AdminAPIKeys{t},
		Users:                  Users{t},
		Invites:                Invites{t},
		Projects:               Projects{t},
		ProjectUsers:           ProjectUsers{t},
		ProjectServiceAccounts: ProjectServiceAccounts{t},
		ProjectAPIKeys:         ProjectAPIKeys{t},
		ProjectRateLimits:      ProjectRateLimits{t},
		AuditLogs:              AuditLogs{t},
		transport:              t,
	}, nil
}

// CloseIdleConnections closes the connections that wait for a next request.
// The client stays usable. It is for programs that make many short-lived
// clients, and for tests that look for leaked goroutines.
func (c *Client) CloseIdleConnections() { c.transport.http.CloseIdleConnections() }

// String returns the address that the client calls, without the key.
func (c *Client) String() string { return "client of " + c.transport.base }

// GoString is String, so that %#v shows no more than %v.
func (c *Client) GoString() string { return c.String() }

// parseBaseURL returns raw without a trailing slash, or says what is wrong with
// it. A parse error of net/url is not passed on: it repeats its input.
func parseBaseURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errors.New("not a URL")
	}
	p := strings.TrimSuffix(u.Path, "/")
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("must begin with http:// or https://")
	case u.Hostname() == "":
		return "", errors.New("has no host")
	case u.User != nil:
		return "", errors.New("must not contain a user or password")
	case u.RawQuery != "" || u.ForceQuery:
		return "", errors.New("must not contain a query")
	case strings.Contains(raw, "#"):
		return "", errors.New("must not contain a fragment")
	case !strings.HasSuffix(p, "/v1"):
		// By now it is a URL for sure, without a user, password or query.
		return "", fmt.Errorf("must end in /v1, is %s", u)
	case u.RawPath != "" || path.Clean(p) != p:
		return "", errors.New("has a path with empty, dot or escaped segments")
	}
	u.Path = p
	return u.String(), nil
}

// checkKeyValue refuses what cannot stand in an Authorization header. It is
// also the check of a created value.
func checkKeyValue(key string) error {
	if key == "" {
		return errors.New("is empty")
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return errors.New("contains a space, a line break or another character that no key has")
		}
	}
	return nil
}
