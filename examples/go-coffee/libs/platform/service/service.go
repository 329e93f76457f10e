// Package service assembles what every service of the platform is made of:
// configuration, logs, metrics, traces, a router and a server.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/go-coffee/libs/platform/buildinfo"
	"example.com/go-coffee/libs/platform/client"
	"example.com/go-coffee/libs/platform/config"
	"example.com/go-coffee/libs/platform/logging"
	"example.com/go-coffee/libs/platform/metrics"
	"example.com/go-coffee/libs/platform/server"
	"example.com/go-coffee/libs/platform/tracing"
	"example.com/go-coffee/libs/platform/web"
)

// Definition is what distinguishes one service from another.
type Definition struct {
	Name    string
	Address string // to listen on, unless LISTEN_ADDRESS says otherwise
	Setup   func(*App) error
}

// App is a service being set up.
type App struct {
	Info    buildinfo.Info
	Config  *config.Reader
	Log     *slog.Logger
	Metrics *metrics.Metrics
	Tracing *tracing.Tracing
	Router  *web.Router

	transport http.RoundTripper
	timeout   time.Duration
	stops     []func(context.Context) error
}

// Client returns a client of the service whose address is in the named variable.
func (a *App) Client(service, variable string) *client.Client {
	return client.New(service, a.Config.URL(variable), a.transport, a.timeout)
}

// OnStop adds work to do, within the grace period, after the server stopped.
func (a *App) OnStop(stop func(context.Context) error) {
	a.stops = append(a.stops, stop)
}

// Main runs a service until it is told to stop and returns its exit status.
func Main(def Definition) int {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := Run(ctx, def, os.LookupEnv, os.Stderr, nil); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", def.Name, err)
		return 1
	}
	return 0
}

// Run runs a service until ctx ends. It calls listening, if that is not nil,
// with the address as soon as the service can be reached.
func Run(ctx context.Context, def Definition, lookup config.Lookup, logs io.Writer, listening func(string)) error {
	cfg := config.NewReader(lookup)
	info := buildinfo.For(def.Name)
	log := logging.New(logs, cfg.Level("LOG_LEVEL"), info)
	serving := server.Config{
		Address: cfg.String("LISTEN_ADDRESS", def.Address),
		Delay:   cfg.Duration("SHUTDOWN_DELAY", 0),
		Grace:   cfg.Duration("SHUTDOWN_GRACE", 10*time.Second),
	}
	app, err := newApp(ctx, cfg, info, log)
	if err != nil {
		return err
	}
	if err := def.Setup(app); err != nil {
		return errors.Join(fmt.Errorf("setup: %w", err), app.stop(ctx, serving.Grace))
	}
	if err := cfg.Err(); err != nil {
		return errors.Join(fmt.Errorf("configuration: %w", err), app.stop(ctx, serving.Grace))
	}
	var srv *server.Server
	srv, err = server.Listen(ctx, serving, app.handler(func() bool { return srv.Ready() }))
	if err != nil {
		return errors.Join(err, app.stop(ctx, serving.Grace))
	}
	log.InfoContext(ctx, "listening", "address", srv.Address(), "go", info.Go)
	if listening != nil {
		listening(srv.Address())
	}
	err = errors.Join(srv.Run(ctx), app.stop(ctx, serving.Grace))
	log.InfoContext(ctx, "stopped", "clean", err == nil)
	return err
}

func newApp(ctx context.Context, cfg *config.Reader, info buildinfo.Info, log *slog.Logger) (*App, error) {
	traces, err := tracing.New(ctx, info, cfg.URL("OTEL_EXPORTER_OTLP_ENDPOINT"), cfg.Ratio("TRACE_RATIO", 1))
	if err != nil {
		return nil, err
	}
	counts := metrics.New(info)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	app := &App{
		Info: info, Config: cfg, Log: log, Metrics: counts, Tracing: traces,
		Router:    web.NewRouter(counts, traces, log),
		transport: traces.Transport(transport),
		timeout:   cfg.Duration("DOWNSTREAM_TIMEOUT", 2*time.Second),
	}
	app.OnStop(traces.Shutdown)
	return app, nil
}

// stop undoes the setup, last things first.
func (a *App) stop(ctx context.Context, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	var errs []error
	for i := len(a.stops) - 1; i >= 0; i-- {
		errs = append(errs, a.stops[i](ctx))
	}
	return errors.Join(errs...)
}

// handler puts the operational routes, which are not counted, before the router.
func (a *App) handler(ready func() bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready() {
			http.Error(w, "stopping", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ready\n")
	})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, r *http.Request) {
		if err := web.JSON(w, http.StatusOK, a.Info); err != nil {
			a.Log.ErrorContext(r.Context(), "version", "error", err)
		}
	})
	mux.Handle("GET /metrics", a.Metrics.Handler())
	mux.Handle("/", a.Router)
	return mux
}
