package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/keyreeve/keyreeve/internal/server"
)

// databaseFlag is shared by all commands that work on the database itself.
type databaseFlag struct {
	Database string `default:"keyreeve.db" env:"KEYREEVE_DATABASE" placeholder:"WHERE" help:"The database: a path or sqlite:PATH for an embedded SQLite file, or a postgres:// URL (${env}; default: ${default})."`
}

type serveCmd struct {
	databaseFlag

	Listen          string        `default:"127.0.0.1:8080" env:"KEYREEVE_LISTEN" placeholder:"HOST:PORT" help:"Address to serve the API at (${env}; default: ${default})."`
	ShutdownTimeout time.Duration `default:"20s" env:"KEYREEVE_SHUTDOWN_TIMEOUT" placeholder:"DURATION" help:"How long requests under way may take at a stop (${env}; default: ${default})."`

	Console bool `default:"true" negatable:"" env:"KEYREEVE_CONSOLE" help:"Serve the web console at / (${env}; default: ${default})."`

	MaxConnections int `default:"6000" env:"KEYREEVE_MAX_CONNECTIONS" placeholder:"N" help:"Connections to the API at most; above it those are closed that were unused for longest (${env}; default: ${default})."`

	GatewayListen     string   `env:"KEYREEVE_GATEWAY_LISTEN" placeholder:"WHERE" group:"Gateways:" help:"Fast listener for gateways, HOST:PORT or unix:PATH. Whoever reaches it may ask about keys (${env}; default: none)."`
	GRPCListen        string   `name:"grpc-listen" env:"KEYREEVE_GRPC_LISTEN" placeholder:"WHERE" group:"Gateways:" help:"Listener for Envoy's ext_authz over gRPC, HOST:PORT or unix:PATH (${env}; default: none)."`
	GatewayKeyHeaders []string `default:"authorization,x-api-key,api-key" env:"KEYREEVE_GATEWAY_KEY_HEADERS" placeholder:"NAME" group:"Gateways:" help:"Headers in which a gateway's request has the key (${env}; default: ${default})."`

	OIDCIssuer           string `name:"oidc-issuer" env:"KEYREEVE_OIDC_ISSUER" placeholder:"URL" group:"Sign in to the console by OpenID Connect:" help:"The provider, as it calls itself (${env}; default: none)."`
	OIDCClientID         string `name:"oidc-client-id" env:"KEYREEVE_OIDC_CLIENT_ID" placeholder:"ID" group:"Sign in to the console by OpenID Connect:" help:"What this server is called there (${env})."`
	OIDCClientSecretFile string `name:"oidc-client-secret-file" env:"KEYREEVE_OIDC_CLIENT_SECRET_FILE" placeholder:"FILE" group:"Sign in to the console by OpenID Connect:" help:"File with the client's secret (${env}; default: none, for a public client)."`
	OIDCName             string `name:"oidc-name" env:"KEYREEVE_OIDC_NAME" placeholder:"TEXT" group:"Sign in to the console by OpenID Connect:" help:"What the sign-in page calls the provider (${env}; default: the host of the issuer)."`
	PublicURL            string `name:"public-url" env:"KEYREEVE_PUBLIC_URL" placeholder:"URL" group:"Sign in to the console by OpenID Connect:" help:"Where people reach the console. The provider sends them back to URL/sign-in/callback (${env})."`

	Lease time.Duration `default:"2s" env:"KEYREEVE_LEASE" placeholder:"DURATION" group:"Replicas, on PostgreSQL:" help:"How long a replica verifies keys after it last heard from the database. A revocation waits this long for one that is cut off. The same on all replicas (${env}; default: ${default})."`
	Stale string        `default:"refuse" env:"KEYREEVE_STALE" placeholder:"POLICY" group:"Replicas, on PostgreSQL:" help:"What comes after the lease: refuse, or allow:DURATION to go on for that long, which revocations wait for as well. The same on all replicas (${env}; default: ${default})."`

	Catalogue string `env:"KEYREEVE_CATALOGUE" placeholder:"FILE" group:"Gateways:" help:"JSON file with the models and the rate limits that projects have for them (${env}; default: OpenAI's common models)."`

	AuditRetention  time.Duration `default:"0" env:"KEYREEVE_AUDIT_RETENTION" placeholder:"DURATION" group:"Audit log:" help:"Drop events of the log that are older, such as 8760h for a year; 0 keeps all (${env}; default: ${default})."`
	AuditSigningKey string        `env:"KEYREEVE_AUDIT_SIGNING_KEY" placeholder:"FILE" group:"Audit log:" help:"PEM file with the Ed25519 key that signs the checkpoint in place of dropped events (${env})."`

	OwnerName        string `default:"Owner" env:"KEYREEVE_OWNER_NAME" placeholder:"NAME" group:"First start:" help:"Name of the owner that the first start makes (${env}; default: ${default})."`
	OwnerEmail       string `default:"owner@localhost" env:"KEYREEVE_OWNER_EMAIL" placeholder:"EMAIL" group:"First start:" help:"Email of that owner (${env}; default: ${default})."`
	BootstrapKeyFile string `env:"KEYREEVE_BOOTSTRAP_KEY_FILE" placeholder:"FILE" group:"First start:" help:"Write the first admin key to this new file, mode 0600, and not to standard output: for services (${env})."`

	TLSCert        string   `name:"tls-cert" env:"KEYREEVE_TLS_CERT" placeholder:"FILE" group:"TLS and proxies:" help:"PEM certificate chain; read again when it changes (${env})."`
	TLSKey         string   `name:"tls-key" env:"KEYREEVE_TLS_KEY" placeholder:"FILE" group:"TLS and proxies:" help:"PEM key of the certificate (${env})."`
	TrustedProxies []string `env:"KEYREEVE_TRUSTED_PROXIES" placeholder:"CIDR" group:"TLS and proxies:" help:"Proxies whose X-Forwarded-For is believed in the audit log, such as 10.0.0.0/8 (${env}; default: none)."`

	LogLevel  string `default:"info" enum:"debug,info,warn,error" env:"KEYREEVE_LOG_LEVEL" placeholder:"LEVEL" group:"Log, on standard error:" help:"Least level that is logged: debug, info, warn or error (${env}; default: ${default})."`
	LogFormat string `default:"text" enum:"text,json" env:"KEYREEVE_LOG_FORMAT" placeholder:"FORM" group:"Log, on standard error:" help:"text or json (${env}; default: ${default})."`

	PrintConfig bool `help:"Print the settings that would be used, with secrets masked, and exit."`
}

// Help is shown by keyreeve serve --help.
func (serveCmd) Help() string {
	return `The first start on an empty database makes an organization with a Default project, an owner and an admin key, ` +
		`and prints that key once. Every setting has an environment variable, named behind its flag. ` +
		`SIGTERM and SIGINT stop the server after the requests under way.`
}

func (c *serveCmd) Run(ctx context.Context, std streams) error {
	cfg, err := c.config(std)
	if err != nil {
		return err
	}
	if !c.PrintConfig {
		return server.Run(ctx, cfg)
	}
	if err := cfg.Check(); err != nil {
		return err
	}
	return c.printConfig(std.out)
}

func (c *serveCmd) config(std streams) (server.Config, error) {
	proxies, err := parsePrefixes(c.TrustedProxies)
	switch {
	case err != nil:
		return server.Config{}, err
	case c.ShutdownTimeout <= 0:
		return server.Config{}, fmt.Errorf("--shutdown-timeout %s: give a duration above 0, such as 20s", c.ShutdownTimeout)
	}
	grace, err := parseStale(c.Stale)
	if err != nil {
		return server.Config{}, err
	}
	return server.Config{
		Listen: c.Listen, Database: c.Database, Catalogue: c.Catalogue, AuditRetention: c.AuditRetention, AuditSigningKey: c.AuditSigningKey,
		ShutdownTimeout: c.ShutdownTimeout, MaxConnections: c.MaxConnections,
		NoConsole: !c.Console, OIDC: server.OIDC{
			Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID, ClientSecretFile: c.OIDCClientSecretFile, Name: c.OIDCName, PublicURL: c.PublicURL,
		},
		Lease: c.Lease, Grace: grace,
		GatewayListen: c.GatewayListen, GRPCListen: c.GRPCListen, GatewayKeyHeaders: c.GatewayKeyHeaders,
		OwnerName: c.OwnerName, OwnerEmail: c.OwnerEmail, BootstrapKeyFile: c.BootstrapKeyFile,
		TLSCert: c.TLSCert, TLSKey: c.TLSKey, TrustedProxies: proxies,
		Version: buildVersion(), Stdout: std.out, Logger: c.logger(std.err),
	}, nil
}

// parseStale reads the --stale policy as the time that it adds to the lease.
func parseStale(text string) (time.Duration, error) {
	if text == "refuse" {
		return 0, nil
	}
	if grace, ok := strings.CutPrefix(text, "allow:"); ok {
		if d, err := time.ParseDuration(grace); err == nil && d > 0 {
			return d, nil
		}
	}
	return 0, fmt.Errorf("--stale %q: give refuse, or allow:DURATION such as allow:5s", text)
}

func (c *serveCmd) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // one of the enum
	opts := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// printConfig writes each setting as its environment variable, so that the
// output can be kept as an environment file.
func (c *serveCmd) printConfig(w io.Writer) error {
	v := reflect.ValueOf(*c)
	for _, f := range reflect.VisibleFields(v.Type()) {
		name := f.Tag.Get("env")
		if name == "" {
			continue
		}
		value := fmt.Sprint(v.FieldByIndex(f.Index).Interface())
		if list, ok := reflect.TypeAssert[[]string](v.FieldByIndex(f.Index)); ok {
			value = strings.Join(list, ",")
		}
		if f.Name == "Database" {
			value = maskDatabase(value)
		}
		if _, err := fmt.Fprintf(w, "%s=%s\n", name, value); err != nil {
			return err
		}
	}
	return nil
}

// masked stands for what is not shown.
const masked = "***"

var (
	// urlForm is a database that is shown in parts. The password ends before
	// the first of these characters, or the whole is not shown.
	urlForm = regexp.MustCompile(`^(postgres(?:ql)?://)(?:([^:/?#@\s]*)(:[^:/?#@\s]*)?@)?([^/?#@\s]*)(/[^?#@\s:=;]*)?(?:\?([^?#\s]*))?$`)

	// secretForm is what a path should not hold: an address of another form.
	secretForm = regexp.MustCompile(`(?i)://|^\s*\w+\s*=|password|^[a-z][a-z0-9+.-]+:.*@`)
)

// maskDatabase hides passwords. What is neither a path nor a URL in which it is
// certain where they stand is hidden as a whole.
func maskDatabase(text string) string {
	if path, ok := strings.CutPrefix(text, "sqlite:"); ok && !secretForm.MatchString(path) {
		return text
	}
	if !strings.HasPrefix(text, "postgres:") && !strings.HasPrefix(text, "postgresql:") {
		if secretForm.MatchString(text) {
			return masked
		}
		return text
	}
	m := urlForm.FindStringSubmatch(text)
	if _, err := url.Parse(text); m == nil || err != nil {
		return masked
	}
	out := m[1]
	if m[2] != "" || m[3] != "" {
		out += m[2]
		if m[3] != "" {
			out += ":" + masked
		}
		out += "@"
	}
	out += m[4] + m[5]
	if m[6] == "" {
		return out
	}
	parameters := strings.Split(m[6], "&")
	for i, parameter := range parameters {
		name, value, _ := strings.Cut(parameter, "=")
		plain, err := url.QueryUnescape(name)
		_, verr := url.QueryUnescape(value)
		if err != nil || verr != nil || strings.Contains(parameter, ";") {
			return masked
		}
		if strings.Contains(strings.ToLower(plain), "pass") {
			parameters[i] = name + "=" + masked
		}
	}
	return out + "?" + strings.Join(parameters, "&")
}

func parsePrefixes(texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if addr, aerr := netip.ParseAddr(text); aerr == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		// Addresses are compared as the IPv4 ones that they may be.
		if addr := prefix.Addr(); err == nil && addr.Is4In6() && prefix.Bits() >= 96 {
			prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
		}
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxies: %q is neither an address nor a range such as 10.0.0.0/8", text)
		}
		out = append(out, prefix.Masked())
	}
	return out, nil
}
