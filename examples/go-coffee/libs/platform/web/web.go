// Package web routes requests to handlers that may fail, and traces, logs,
// counts and times each of them.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"example.com/go-coffee/libs/platform/metrics"
	"example.com/go-coffee/libs/platform/problem"
	"example.com/go-coffee/libs/platform/tracing"
)

// maxBody bounds the JSON documents the services accept.
const maxBody = 64 << 10

// statusClientGone counts requests whose client left before the answer; they
// are nobody's failure, so not a 5xx.
const statusClientGone = 499

// HandlerFunc handles a request. If it returns an error it must not have
// written an answer: the router answers with the error's problem.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// ErrorWriter answers a request that failed.
type ErrorWriter func(w http.ResponseWriter, r *http.Request, p *problem.Problem) error

// Router is a request multiplexer for one service.
type Router struct {
	mux     *http.ServeMux
	metrics *metrics.Metrics
	tracing *tracing.Tracing
	log     *slog.Logger
	fail    ErrorWriter
}

// NewRouter returns a router without routes.
func NewRouter(m *metrics.Metrics, t *tracing.Tracing, log *slog.Logger) *Router {
	return &Router{mux: http.NewServeMux(), metrics: m, tracing: t, log: log,
		fail: func(w http.ResponseWriter, _ *http.Request, p *problem.Problem) error { return p.Write(w) }}
}

// WriteErrorsWith replaces how failed requests are answered.
func (rt *Router) WriteErrorsWith(fail ErrorWriter) { rt.fail = fail }

// Handle registers a handler for a pattern like "POST /orders". The codes it is
// expected to answer with (200 if none are given) and 500 start as series at 0.
func (rt *Router) Handle(pattern string, handle HandlerFunc, codes ...int) {
	if len(codes) == 0 {
		codes = []int{http.StatusOK}
	}
	method, _, _ := strings.Cut(pattern, " ")
	rt.metrics.Expect(route(pattern), method, append(codes, http.StatusInternalServerError)...)
	rt.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		err := handle(w, r)
		if err == nil {
			return
		}
		p := problem.From(err)
		if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
			p = problem.New(statusClientGone, "the client closed the request")
		}
		if p.Status >= http.StatusInternalServerError {
			rt.log.ErrorContext(r.Context(), "request failed", "error", err, "status", p.Status)
		}
		if err := rt.fail(w, r, p); err != nil {
			rt.log.WarnContext(r.Context(), "answer not sent", "error", err)
		}
	})
}

// ServeHTTP answers one request.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	_, pattern := rt.mux.Handler(r)
	route := route(pattern)
	ctx, end := rt.tracing.Serve(r, route)
	r = r.WithContext(ctx)
	recorder := &recorder{ResponseWriter: w, status: http.StatusOK}
	defer func() {
		took := time.Since(start)
		end(recorder.status)
		rt.metrics.Observe(route, knownMethod(r.Method), recorder.status, took)
		rt.log.InfoContext(ctx, "request", "method", r.Method, "route", route,
			"status", recorder.status, "duration_ms", float64(took.Microseconds())/1000)
	}()
	defer rt.recover(recorder, r)
	rt.mux.ServeHTTP(recorder, r)
}

// recover turns a panic into a 500, unless the panic only aborts the answer.
func (rt *Router) recover(w *recorder, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(cause)
	}
	rt.log.ErrorContext(r.Context(), "panic", "cause", cause, "stack", string(debug.Stack()))
	if w.wrote {
		w.status = http.StatusInternalServerError
		return
	}
	p := problem.New(http.StatusInternalServerError, "the request could not be processed")
	if err := rt.fail(w, r, p); err != nil {
		rt.log.WarnContext(r.Context(), "answer not sent", "error", err)
	}
}

// route is the path of a pattern: its method is a label of its own.
func route(pattern string) string {
	if pattern == "" {
		return "unmatched"
	}
	if _, path, ok := strings.Cut(pattern, " "); ok {
		pattern = path
	}
	return strings.TrimSuffix(pattern, "{$}")
}

// knownMethod keeps clients from inventing label values.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "OTHER"
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (w *recorder) WriteHeader(status int) {
	if !w.wrote && status >= http.StatusOK {
		w.status, w.wrote = status, true
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	w.wrote = true
	return w.ResponseWriter.Write(p)
}

// Unwrap lets [http.ResponseController] reach the real writer.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// JSON answers with a document.
func JSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client may have gone; nothing is left to tell it
	return nil
}

// Decode reads a JSON document from a request. It refuses unknown fields,
// anything after the document and documents over 64 KiB.
func Decode[T any](w http.ResponseWriter, r *http.Request) (T, error) {
	var v T
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&v)
	if err == nil && decoder.More() {
		err = errors.New("more than one document")
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return v, problem.New(http.StatusRequestEntityTooLarge, "the body is over %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return v, problem.New(http.StatusBadRequest, "the body is not the expected JSON: %v", err)
	}
	return v, nil
}
