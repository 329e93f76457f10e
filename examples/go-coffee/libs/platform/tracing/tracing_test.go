package tracing

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"example.com/go-coffee/libs/platform/buildinfo"
)

// roundTripper answers calls without a network.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestATraceGoesThroughAService(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	tracing := FromProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	var sent string
	answers := tracing.Transport(roundTripper(func(r *http.Request) (*http.Response, error) {
		sent = r.Header.Get("traceparent")
		return &http.Response{StatusCode: http.StatusNotFound}, nil
	}))
	broken := tracing.Transport(roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("unplugged")
	}))

	incoming := httptest.NewRequest(http.MethodGet, "/drinks/tea", nil)
	incoming.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	ctx, end := tracing.Serve(incoming, "/drinks/{id}")
	inner, span := tracing.Start(ctx, "work")
	request := httptest.NewRequestWithContext(inner, http.MethodGet, "http://next/", nil)
	if _, err := answers.RoundTrip(request); err != nil {
		t.Error(err)
	}
	if _, err := broken.RoundTrip(request); err == nil {
		t.Error("a broken transport did not fail")
	}
	span.End()
	end(http.StatusBadGateway)

	ended := spans.Ended()
	if len(ended) != 4 {
		t.Fatalf("%d spans", len(ended))
	}
	for _, span := range ended {
		if id := span.SpanContext().TraceID().String(); id != "0af7651916cd43dd8448eb211c80319c" {
			t.Errorf("span %s is in trace %s", span.Name(), id)
		}
	}
	call, server := ended[0], ended[3]
	if want := "00-" + call.SpanContext().TraceID().String() + "-" + call.SpanContext().SpanID().String() + "-01"; sent != want {
		t.Errorf("sent traceparent %s, want %s", sent, want)
	}
	if server.Name() != "GET /drinks/{id}" || server.SpanKind() != trace.SpanKindServer || server.Status().Code != codes.Error {
		t.Errorf("server span %s %s %v", server.Name(), server.SpanKind(), server.Status())
	}
}

func TestTraceIDsExistWithoutAnExporter(t *testing.T) {
	for _, ratio := range []float64{0, 1} {
		tracing, err := New(t.Context(), buildinfo.For("menu"), nil, ratio)
		if err != nil {
			t.Fatal(err)
		}
		ctx, _ := tracing.Serve(httptest.NewRequest(http.MethodGet, "/", nil), "/")
		if span := trace.SpanContextFromContext(ctx); !span.IsValid() || span.IsSampled() != (ratio == 1) {
			t.Errorf("ratio %v: span context %+v", ratio, span)
		}
		if err := tracing.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestExporterIsOptional(t *testing.T) {
	tracing, err := New(t.Context(), buildinfo.For("menu"), &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := tracing.Shutdown(t.Context()); err != nil {
		t.Errorf("an idle exporter must stop without its collector: %v", err)
	}
}
