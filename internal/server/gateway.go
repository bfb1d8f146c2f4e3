package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc"

	"github.com/keyreeve/keyreeve/internal/gateway"
	"github.com/keyreeve/keyreeve/internal/lane"
)

// gateways are what answers gateways: the gate, on the main listener always,
// and its own listeners where they are wanted.
type gateways struct {
	gate *gateway.Gate

	listener net.Listener // nil: none
	http     *http.Server
	grpcPort net.Listener // nil: none
	grpc     *grpc.Server
}

// openGateways takes the ports, before anything else is done.
func (s *Server) openGateways(ctx context.Context) (err error) {
	if s.cfg.GatewayListen != "" {
		if s.gateways.listener, err = listen(ctx, "--gateway-listen", s.cfg.GatewayListen); err != nil {
			return err
		}
	}
	if s.cfg.GRPCListen != "" {
		if s.gateways.grpcPort, err = listen(ctx, "--grpc-listen", s.cfg.GRPCListen); err != nil {
			return err
		}
	}
	s.limits = newLimits(s.catalogue)
	start := time.Now()
	s.gateways.gate, err = gateway.New(gateway.Config{
		Index: s.index, Now: s.clock.Now, KeyHeaders: s.cfg.GatewayKeyHeaders,
		Limits: s.limits, Elapsed: func() time.Duration { return time.Since(start) },
		Stats: s.decisions, Tally: &s.tally, Logger: s.logger,
	})
	if err != nil {
		return fmt.Errorf("--gateway-key-headers: %w", err)
	}
	return nil
}

// serveGateways answers on the gateways' own listeners.
func (s *Server) serveGateways() error {
	g := &s.gateways
	if g.listener != nil {
		quick, err := s.quick(g.listener)
		if err != nil {
			return err
		}
		connections := limitConnections(quick, s.cfg.MaxConnections)
		g.http = s.newHTTP(s.parting(g.gate.Handler(true)), connections)
		s.background.Go(func() {
			if err := g.http.Serve(connections); !errors.Is(err, http.ErrServerClosed) {
				s.fail(fmt.Errorf("serve gateways at %s: %w", g.listener.Addr(), err))
			}
		})
	}
	if g.grpcPort != nil {
		g.grpc = gateway.NewGRPCServer(g.gate)
		s.background.Go(func() {
			if err := g.grpc.Serve(g.grpcPort); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
				s.fail(fmt.Errorf("serve Envoy at %s: %w", g.grpcPort.Addr(), err))
			}
		})
	}
	return nil
}

// quick answers what gateways mostly ask at once, before net/http sees the
// connection.
func (s *Server) quick(l net.Listener) (net.Listener, error) {
	return lane.Listen(l, lane.Config{
		Handler: func() lane.Handler { return s.gateways.gate.Lane(s.stopping.Load) },
		First:   readHeaderTimeout, Idle: idleTimeout, Unsent: writeTimeout, Logger: s.logger,
	})
}

// stop lets what is under way finish until ctx ends.
func (g *gateways) stop(ctx context.Context) error {
	var err error
	if g.http != nil {
		err = g.http.Shutdown(ctx)
	}
	if g.grpc != nil {
		done := make(chan struct{})
		go func() { g.grpc.GracefulStop(); close(done) }()
		select {
		case <-done:
		case <-ctx.Done():
			g.grpc.Stop()
			<-done
		}
	}
	return err
}

func (g *gateways) close() {
	if g.http != nil {
		_ = g.http.Close()
	}
	for _, l := range []net.Listener{g.listener, g.grpcPort} {
		if l != nil {
			_ = l.Close()
		}
	}
}

// GatewayAddr is the address of --gateway-listen, or "".
func (s *Server) GatewayAddr() string { return addrOf(s.gateways.listener) }

// GRPCAddr is the address of --grpc-listen, or "".
func (s *Server) GRPCAddr() string { return addrOf(s.gateways.grpcPort) }

func addrOf(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}
