// Package logging writes structured logs that can be joined with traces.
package logging

import (
	"context"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"example.com/go-coffee/libs/platform/buildinfo"
)

// New returns a JSON logger that names the build on every record, and the
// trace when the record is logged with a context that has one.
func New(w io.Writer, level slog.Leveler, info buildinfo.Info) *slog.Logger {
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	return slog.New(traced{handler}).With(
		"service", info.Service, "version", info.Version, "revision", info.Revision)
}

// traced adds the identifiers of the current span to every record.
type traced struct{ slog.Handler }

func (h traced) Handle(ctx context.Context, record slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		record.AddAttrs(
			slog.String("trace_id", span.TraceID().String()),
			slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, record)
}

func (h traced) WithAttrs(attrs []slog.Attr) slog.Handler {
	return traced{h.Handler.WithAttrs(attrs)}
}

func (h traced) WithGroup(name string) slog.Handler {
	return traced{h.Handler.WithGroup(name)}
}
