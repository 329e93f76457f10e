package service_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/go-coffee/libs/platform/buildinfo"
	"example.com/go-coffee/libs/platform/config"
	"example.com/go-coffee/libs/platform/platformtest"
	"example.com/go-coffee/libs/platform/problem"
	"example.com/go-coffee/libs/platform/service"
)

// relay passes each request on to the service at NEXT_URL.
var relay = service.Definition{Name: "relay", Setup: func(app *service.App) error {
	next := app.Client("next", "NEXT_URL")
	app.Router.Handle("GET /relay", func(_ http.ResponseWriter, r *http.Request) error {
		ctx, span := app.Tracing.Start(r.Context(), "relaying")
		defer span.End()
		return next.Get(ctx, "/", nil)
	})
	return nil
}}

func TestOperationalRoutes(t *testing.T) {
	url := platformtest.Start(t, relay, nil)
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/version"} {
		if answer := platformtest.Get(t, url+path); answer.Status != http.StatusOK {
			t.Errorf("GET %s = %d", path, answer.Status)
		}
	}
	var info buildinfo.Info
	platformtest.Get(t, url+"/version").JSON(t, &info)
	if info != buildinfo.For("relay") {
		t.Errorf("GET /version = %+v", info)
	}
	if scraped := platformtest.Get(t, url+"/metrics").Body; strings.Contains(scraped, "healthz") || strings.Contains(scraped, "unmatched") {
		t.Error("operational routes are counted")
	}
}

func TestTracesTravelAndAreExported(t *testing.T) {
	const trace = "0af7651916cd43dd8448eb211c80319c"
	parents := make(chan string, 3)
	next := platformtest.Fake(t, func(w http.ResponseWriter, r *http.Request) {
		parents <- r.Header.Get("traceparent")
		w.WriteHeader(http.StatusNotFound)
	})
	var exports atomic.Int32
	collector := platformtest.Fake(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/traces" {
			exports.Add(1)
		}
	})
	t.Run("service", func(t *testing.T) { // its end stops the service, which exports
		url := platformtest.Start(t, relay, map[string]string{"NEXT_URL": next, "OTEL_EXPORTER_OTLP_ENDPOINT": collector})
		answer := platformtest.Send(t, http.MethodGet, url+"/relay", "", "traceparent", "00-"+trace+"-b7ad6b7169203331-01")
		if answer.Status != http.StatusBadGateway || answer.Header.Get("Content-Type") != problem.ContentType {
			t.Errorf("GET /relay = %d %s", answer.Status, answer.Body)
		}
		if parent := <-parents; !strings.HasPrefix(parent, "00-"+trace+"-") {
			t.Errorf("the next service saw traceparent %q", parent)
		}
	})
	if exports.Load() == 0 {
		t.Error("no span was exported")
	}
}

func TestUnreachableNeighbour(t *testing.T) {
	url := platformtest.Start(t, relay, map[string]string{"NEXT_URL": "http://127.0.0.1:1"})
	if answer := platformtest.Get(t, url+"/relay"); answer.Status != http.StatusBadGateway {
		t.Errorf("GET /relay = %d", answer.Status)
	}
}

func TestStopping(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	entered, failure := make(chan struct{}), errors.New("not drained")
	var steps []string
	slow := service.Definition{Name: "slow", Setup: func(app *service.App) error {
		app.OnStop(func(context.Context) error { steps = append(steps, "first set up"); return failure })
		app.OnStop(func(context.Context) error { steps = append(steps, "last set up"); return nil })
		app.Router.Handle("GET /slow", func(http.ResponseWriter, *http.Request) error {
			close(entered)
			<-ctx.Done()
			return nil
		})
		return nil
	}}
	address, done := make(chan string, 1), make(chan error, 1)
	var logs bytes.Buffer
	go func() {
		settings := config.Map(map[string]string{"LISTEN_ADDRESS": "127.0.0.1:0", "SHUTDOWN_DELAY": "1ms"})
		done <- service.Run(ctx, slow, settings, &logs, func(a string) { address <- a })
	}()
	answers := make(chan int, 1)
	url := "http://" + <-address
	go func() { answers <- platformtest.Get(t, url+"/slow").Status }()
	<-entered
	cancel()
	if status := <-answers; status != http.StatusOK {
		t.Errorf("the running request got %d", status)
	}
	if err := <-done; !errors.Is(err, failure) {
		t.Errorf("Run() = %v", err)
	}
	if strings.Join(steps, ", ") != "last set up, first set up" {
		t.Errorf("stopped in the order %v", steps)
	}
	if !strings.Contains(logs.String(), `"msg":"stopped","service":"slow"`) {
		t.Errorf("logs %s", &logs)
	}
}

func TestServicesThatCannotStart(t *testing.T) {
	for name, test := range map[string]struct {
		setup    error
		settings map[string]string
		want     string
	}{
		"bad settings": {nil, map[string]string{"LOG_LEVEL": "loud", "SHUTDOWN_GRACE": "long"}, "SHUTDOWN_GRACE"},
		"bad address":  {nil, map[string]string{"LISTEN_ADDRESS": "nowhere"}, "listen"},
		"bad setup":    {errors.New("no beans"), nil, "no beans"},
	} {
		t.Run(name, func(t *testing.T) {
			def := service.Definition{Name: "broken", Setup: func(*service.App) error { return test.setup }}
			err := service.Run(t.Context(), def, config.Map(test.settings), io.Discard, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Run() = %v, want an error about %s", err, test.want)
			}
		})
	}
}

func TestMainReportsFailure(t *testing.T) {
	t.Setenv("LISTEN_ADDRESS", "nowhere")
	if code := service.Main(relay); code != 1 {
		t.Errorf("Main() = %d", code)
	}
}
