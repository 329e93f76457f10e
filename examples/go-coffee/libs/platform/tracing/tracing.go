// Package tracing follows requests through the services with OpenTelemetry.
//
// Spans always exist and their context always travels in the W3C traceparent
// header, so logs can be joined by trace. They are exported only when an
// endpoint is configured.
package tracing

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"example.com/go-coffee/libs/platform/buildinfo"
)

// Tracing makes the spans of one service.
type Tracing struct {
	provider   *sdktrace.TracerProvider
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
}

// New returns the tracing of a build. Spans go to the OTLP/HTTP collector at
// endpoint, or nowhere if it is nil; ratio is the share of new traces recorded.
func New(ctx context.Context, info buildinfo.Info, endpoint *url.URL, ratio float64) (*Tracing, error) {
	options := []sdktrace.TracerProviderOption{
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio))),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", info.Service),
			attribute.String("service.version", info.Version),
			attribute.String("vcs.ref.head.revision", info.Revision))),
	}
	if endpoint != nil {
		exporter, err := otlptracehttp.New(ctx,
			otlptracehttp.WithEndpointURL(endpoint.JoinPath("v1", "traces").String()))
		if err != nil {
			return nil, fmt.Errorf("trace exporter: %w", err)
		}
		options = append(options, sdktrace.WithBatcher(exporter))
	}
	return FromProvider(sdktrace.NewTracerProvider(options...)), nil
}

// FromProvider returns tracing on a given provider, for example one that
// records spans in a test.
func FromProvider(provider *sdktrace.TracerProvider) *Tracing {
	return &Tracing{
		provider:   provider,
		tracer:     provider.Tracer("example.com/go-coffee/libs/platform/tracing"),
		propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
	}
}

// Shutdown exports what is left.
func (t *Tracing) Shutdown(ctx context.Context) error {
	return t.provider.Shutdown(ctx)
}

// Start begins a span for work inside the service.
func (t *Tracing) Start(ctx context.Context, name string) (context.Context, trace.Span) {
	return t.tracer.Start(ctx, name)
}

// Serve begins the span of an incoming request that continues the caller's
// trace. The returned function ends it with the status of the answer.
func (t *Tracing) Serve(r *http.Request, route string) (context.Context, func(status int)) {
	ctx := t.propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := t.tracer.Start(ctx, r.Method+" "+route, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(
			attribute.String("http.request.method", r.Method),
			attribute.String("http.route", route),
			attribute.String("url.path", r.URL.Path)))
	return ctx, func(status int) {
		finish(span, status, http.StatusInternalServerError)
	}
}

// Transport wraps a RoundTripper so that each call has a span and carries the
// trace to the service called.
func (t *Tracing) Transport(next http.RoundTripper) http.RoundTripper {
	return transport{tracing: t, next: next}
}

type transport struct {
	tracing *Tracing
	next    http.RoundTripper
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := t.tracing.tracer.Start(r.Context(), r.Method, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(
			attribute.String("http.request.method", r.Method),
			attribute.String("server.address", r.URL.Host),
			attribute.String("url.path", r.URL.Path)))
	r = r.Clone(ctx)
	t.tracing.propagator.Inject(ctx, propagation.HeaderCarrier(r.Header))
	response, err := t.next.RoundTrip(r)
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
		span.End()
		return nil, err
	}
	finish(span, response.StatusCode, http.StatusBadRequest)
	return response, nil
}

// finish ends a span; statuses from failing upwards make it an error.
func finish(span trace.Span, status, failing int) {
	span.SetAttributes(attribute.Int("http.response.status_code", status))
	if status >= failing {
		span.SetStatus(codes.Error, http.StatusText(status))
	}
	span.End()
}
