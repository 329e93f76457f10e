package logging

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"example.com/go-coffee/libs/platform/buildinfo"
)

func TestRecordsNameTheBuildAndTheTrace(t *testing.T) {
	var logs bytes.Buffer
	log := New(&logs, slog.LevelInfo, buildinfo.Info{Service: "menu", Version: "1.2.3", Revision: "abc"})
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	ctx := trace.ContextWithSpanContext(t.Context(), span)
	log.DebugContext(ctx, "not written")
	log.WithGroup("drink").InfoContext(ctx, "brewed", "id", "tea")

	var record struct {
		Msg, Service, Version, Revision string
		Drink                           map[string]string
	}
	if err := json.Unmarshal(logs.Bytes(), &record); err != nil {
		t.Fatalf("%v in %s", err, &logs)
	}
	if record.Msg != "brewed" || record.Service != "menu" || record.Version != "1.2.3" || record.Revision != "abc" {
		t.Errorf("record %s", &logs)
	}
	if record.Drink["trace_id"] != span.TraceID().String() || record.Drink["id"] != "tea" {
		t.Errorf("record %s", &logs)
	}
}
