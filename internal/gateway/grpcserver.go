package gateway

import (
	"context"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// Bounds of a gRPC server.
const (
	// maxCheck is the size of a check in bytes. Envoy takes request headers of
	// at most 60 KiB unless told otherwise, and adds some of its own.
	maxCheck = 128 << 10

	maxHeader      = 16 << 10 // bytes
	maxStreams     = 100      // checks at once on a connection
	connectTimeout = 5 * time.Second
	idleConnection = 5 * time.Minute // without a check; Envoy opens another
	keepalivePing  = 30 * time.Second
	keepaliveWait  = 10 * time.Second
	leastPing      = 10 * time.Second // between a client's pings
)

// NewGRPCServer returns a server of Envoy's ext_authz for a listener of its
// own. options come after the bounds, such as credentials.
func NewGRPCServer(g *Gate, options ...grpc.ServerOption) *grpc.Server {
	server := grpc.NewServer(append([]grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxCheck),
		grpc.MaxHeaderListSize(maxHeader),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(connectTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: idleConnection, Time: keepalivePing, Timeout: keepaliveWait,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: leastPing, PermitWithoutStream: true}),
	}, options...)...)
	g.RegisterGRPC(server)
	return server
}

// RegisterGRPC adds envoy.service.auth.v3.Authorization to a server, and
// grpc.health.v1.Health, by which Envoy leaves out a replica that has no index
// yet.
func (g *Gate) RegisterGRPC(server grpc.ServiceRegistrar) {
	authv3.RegisterAuthorizationServer(server, extAuthz{gate: g})
	healthv1.RegisterHealthServer(server, health{gate: g})
}

type health struct {
	healthv1.UnimplementedHealthServer
	gate *Gate
}

// Check implements grpc.health.v1.Health for the server as a whole and for the
// one service it has.
func (h health) Check(_ context.Context, request *healthv1.HealthCheckRequest) (*healthv1.HealthCheckResponse, error) {
	if of := request.GetService(); of != "" && of != authv3.Authorization_ServiceDesc.ServiceName {
		return nil, status.Errorf(codes.NotFound, "no service %q is served here", of)
	}
	state := healthv1.HealthCheckResponse_NOT_SERVING
	if h.gate.index.Ready() {
		state = healthv1.HealthCheckResponse_SERVING
	}
	return &healthv1.HealthCheckResponse{Status: state}, nil
}
