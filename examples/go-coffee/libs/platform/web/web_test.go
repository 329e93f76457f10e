package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"example.com/go-coffee/libs/platform/buildinfo"
	"example.com/go-coffee/libs/platform/logging"
	"example.com/go-coffee/libs/platform/metrics"
	"example.com/go-coffee/libs/platform/problem"
	"example.com/go-coffee/libs/platform/tracing"
)

type fixture struct {
	*Router
	logs    bytes.Buffer
	spans   *tracetest.SpanRecorder
	metrics *metrics.Metrics
}

func newFixture() *fixture {
	f := &fixture{spans: tracetest.NewSpanRecorder()}
	info := buildinfo.For("menu")
	f.metrics = metrics.New(info)
	traces := tracing.FromProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(f.spans)))
	f.Router = NewRouter(f.metrics, traces, logging.New(&f.logs, nil, info))
	f.Handle("GET /drinks/{id}", func(w http.ResponseWriter, r *http.Request) error {
		switch r.PathValue("id") {
		case "panic":
			panic("spilled")
		case "late-panic":
			_, _ = w.Write([]byte("half"))
			panic("spilled")
		case "abort":
			panic(http.ErrAbortHandler)
		case "error":
			return errors.New("secret")
		case "missing":
			return problem.New(http.StatusNotFound, "no such drink")
		case "unjsonable":
			return JSON(w, http.StatusOK, func() {})
		}
		return r.Context().Err()
	})
	f.Handle("POST /drinks", func(w http.ResponseWriter, r *http.Request) error {
		v, err := Decode[struct{ Name string }](w, r)
		if err != nil {
			return err
		}
		return JSON(w, http.StatusCreated, v)
	}, http.StatusCreated)
	return f
}

func (f *fixture) send(method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	f.ServeHTTP(w, r)
	return w
}

func (f *fixture) scrape() string {
	w := httptest.NewRecorder()
	f.metrics.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

func TestStatuses(t *testing.T) {
	for path, want := range map[string]int{
		"GET /drinks/tea":        http.StatusOK,
		"GET /drinks/panic":      http.StatusInternalServerError,
		"GET /drinks/error":      http.StatusInternalServerError,
		"GET /drinks/unjsonable": http.StatusInternalServerError,
		"GET /drinks/missing":    http.StatusNotFound,
		"GET /nothing":           http.StatusNotFound,
		"DELETE /drinks":         http.StatusMethodNotAllowed,
	} {
		f := newFixture()
		method, path, _ := strings.Cut(path, " ")
		if w := f.send(method, path, ""); w.Code != want || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s %s = %d %s, want %d", method, path, w.Code, w.Body, want)
		}
	}
}

func TestRequestsAreCountedLoggedAndTraced(t *testing.T) {
	f := newFixture()
	f.send("GET", "/drinks/tea", "")
	f.send("GET", "/drinks/late-panic", "")
	f.send("BREW", "/coffee", "")
	scraped := f.scrape()
	for _, series := range []string{
		`http_requests_total{code="200",method="GET",route="/drinks/{id}",service="menu"} 1`,
		`http_requests_total{code="500",method="GET",route="/drinks/{id}",service="menu"} 1`,
		`http_requests_total{code="201",method="POST",route="/drinks",service="menu"} 0`,
		`http_requests_total{code="404",method="OTHER",route="unmatched",service="menu"} 1`,
		`http_request_duration_seconds_bucket{code="200",method="GET",route="/drinks/{id}",service="menu",le="0.1"} 1`,
		`http_request_duration_seconds_bucket{code="200",method="GET",route="/drinks/{id}",service="menu",le="0.2"} 1`,
		`http_request_duration_seconds_bucket{code="200",method="GET",route="/drinks/{id}",service="menu",le="0.3"} 1`,
		`build_info{revision="unknown",service="menu",version="dev"} 1`,
	} {
		if !strings.Contains(scraped, series+"\n") {
			t.Errorf("missing series %s", series)
		}
	}
	if logs := f.logs.String(); strings.Count(logs, `"trace_id":"0af7651916cd43dd8448eb211c80319c"`) != 4 {
		t.Errorf("records without the trace: %s", logs)
	}
	spans := f.spans.Ended()
	if len(spans) != 3 || spans[0].Name() != "GET /drinks/{id}" || spans[0].Parent().SpanID().String() != "b7ad6b7169203331" {
		t.Errorf("spans %v", spans)
	}
}

func TestAbortingIsLeftToTheServer(t *testing.T) {
	defer func() {
		if cause := recover(); cause != http.ErrAbortHandler {
			t.Errorf("recovered %v", cause)
		}
	}()
	newFixture().send("GET", "/drinks/abort", "")
}

func TestAClientThatLeftIsNoServerError(t *testing.T) {
	f := newFixture()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/drinks/tea", nil))
	if w.Code != statusClientGone {
		t.Errorf("status %d", w.Code)
	}
}

func TestWriteErrorsWith(t *testing.T) {
	for _, path := range []string{"/drinks/panic", "/drinks/missing"} {
		f := newFixture()
		f.WriteErrorsWith(func(w http.ResponseWriter, _ *http.Request, p *problem.Problem) error {
			w.WriteHeader(p.Status)
			_, _ = w.Write([]byte("<h1>"))
			return errors.New("page torn")
		})
		if w := f.send("GET", path, ""); w.Body.String() != "<h1>" || !strings.Contains(f.logs.String(), "page torn") {
			t.Errorf("%s: body %q, logs %s", path, w.Body, &f.logs)
		}
	}
}

func TestDecode(t *testing.T) {
	for body, want := range map[string]int{
		`{"Name":"tea"}`:     http.StatusCreated,
		`{"Name":"tea"} {}`:  http.StatusBadRequest,
		`{"Colour":"green"}`: http.StatusBadRequest,
		``:                   http.StatusBadRequest,
		`{"Name":"` + strings.Repeat("x", maxBody) + `"}`: http.StatusRequestEntityTooLarge,
	} {
		if w := newFixture().send("POST", "/drinks", body); w.Code != want {
			t.Errorf("POST %.20s = %d %s, want %d", body, w.Code, w.Body, want)
		}
	}
}

func TestRecorderCanBeUnwrapped(t *testing.T) {
	if err := http.NewResponseController(&recorder{ResponseWriter: httptest.NewRecorder()}).Flush(); err != nil {
		t.Error(err)
	}
}
