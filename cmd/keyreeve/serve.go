package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"reflect"
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

	MaxConnections int `default:"6000" env:"KEYREEVE_MAX_CONNECTIONS" placeholder:"N" help:"Connections to the API at most; above it those are closed that were unused for longest (${env}; default: ${default})."`

	GatewayListen     string   `env:"KEYREEVE_GATEWAY_LISTEN" placeholder:"WHERE" group:"Gateways:" help:"Fast listener for gateways, HOST:PORT or unix:PATH. Whoever reaches it may ask about keys (${env}; default: none)."`
	GRPCListen        string   `name:"grpc-listen" env:"KEYREEVE_GRPC_LISTEN" placeholder:"WHERE" group:"Gateways:" help:"Listener for Envoy's ext_authz over gRPC, HOST:PORT or unix:PATH (${env}; default: none)."`
	GatewayKeyHeaders []string `default:"authorization,x-api-key,api-key" env:"KEYREEVE_GATEWAY_KEY_HEADERS" placeholder:"NAME" group:"Gateways:" help:"Headers in which a gateway's request has the key (${env}; default: ${default})."`

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
	if c.PrintConfig {
		return c.printConfig(std.out)
	}
	proxies, err := parsePrefixes(c.TrustedProxies)
	if err != nil {
		return err
	}
	return server.Run(ctx, server.Config{
		Listen: c.Listen, Database: c.Database, ShutdownTimeout: c.ShutdownTimeout, MaxConnections: c.MaxConnections,
		GatewayListen: c.GatewayListen, GRPCListen: c.GRPCListen, GatewayKeyHeaders: c.GatewayKeyHeaders,
		OwnerName: c.OwnerName, OwnerEmail: c.OwnerEmail, BootstrapKeyFile: c.BootstrapKeyFile,
		TLSCert: c.TLSCert, TLSKey: c.TLSKey, TrustedProxies: proxies,
		Version: buildVersion(), Stdout: std.out, Logger: c.logger(std.err),
	})
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
		if _, err := fmt.Fprintf(w, "%s=%s\n", name, maskURL(value)); err != nil {
			return err
		}
	}
	return nil
}

// maskURL hides the password of a URL, in its user part or its query.
func maskURL(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	u, err := url.Parse(text)
	if err != nil {
		scheme, _, _ := strings.Cut(text, "://")
		return scheme + "://***" // it cannot be told where the password is
	}
	if q := u.Query(); q.Has("password") || q.Has("sslpassword") {
		for _, name := range []string{"password", "sslpassword"} {
			if q.Has(name) {
				q.Set(name, "xxxxx")
			}
		}
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}

func parsePrefixes(texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if addr, aerr := netip.ParseAddr(text); aerr == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxies: %q is neither an address nor a range such as 10.0.0.0/8", text)
		}
		out = append(out, prefix.Masked())
	}
	return out, nil
}
