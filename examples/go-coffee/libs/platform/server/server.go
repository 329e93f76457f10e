// Package server runs an HTTP server that stops without losing requests.
package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Config says where and how to serve.
type Config struct {
	Address string
	// Delay is how long the server still accepts requests after it became
	// unready, so that load balancers notice first.
	Delay time.Duration
	// Grace is how long running requests may take to finish after that.
	Grace time.Duration
}

// Server serves HTTP until its context ends.
type Server struct {
	config   Config
	http     *http.Server
	listener net.Listener
	ready    atomic.Bool
}

// Listen opens the configured address.
func Listen(ctx context.Context, config Config, handler http.Handler) (*Server, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", config.Address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &Server{
		config:   config,
		listener: listener,
		http: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       10 * time.Second,
			WriteTimeout:      30 * time.Second,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    64 << 10,
		},
	}
	s.ready.Store(true)
	return s, nil
}

// Address returns the address the server listens on.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Ready reports whether the server wants new requests.
func (s *Server) Ready() bool { return s.ready.Load() }

// Run serves until ctx ends, then shuts down: unready, wait, finish requests.
func (s *Server) Run(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(s.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.ready.Store(false)
	time.Sleep(s.config.Delay)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Grace)
	defer cancel()
	if err := s.http.Shutdown(grace); err != nil {
		return fmt.Errorf("shutdown: %w", errors.Join(err, s.http.Close()))
	}
	return nil
}
