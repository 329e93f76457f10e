package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"example.com/go-coffee/libs/platform/problem"
)

func newClient(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL + "/api/")
	if err != nil {
		t.Fatal(err)
	}
	return New("menu", base, http.DefaultTransport, time.Second)
}

func TestCall(t *testing.T) {
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.EscapedPath() != "/api/drinks/a%2Fb" || string(body) != `{"n":1}` ||
			r.Header.Get("Idempotency-Key") != "k" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("request %s %s %v", r.URL, body, r.Header)
		}
		_, _ = io.WriteString(w, `{"name":"tea"}`)
	})
	var out struct{ Name string }
	header := http.Header{"Idempotency-Key": {"k"}}
	err := c.Call(t.Context(), http.MethodPost, Path("drinks", "a/b"), header, map[string]int{"n": 1}, &out)
	if err != nil || out.Name != "tea" {
		t.Errorf("Call() = %v, %q", err, out.Name)
	}
	if err := c.Call(t.Context(), http.MethodPost, Path("drinks", "a/b"), header, map[string]int{"n": 1}, nil); err != nil {
		t.Errorf("Call() without out = %v", err)
	}
}

func TestFailures(t *testing.T) {
	answer := func(status int, body string) *Client {
		return newClient(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	}
	unreachable, err := url.Parse("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		client       *Client
		status, want int
	}{
		"not configured": {New("menu", nil, nil, 0), 0, http.StatusServiceUnavailable},
		"unreachable":    {New("menu", unreachable, http.DefaultTransport, time.Second), 0, http.StatusBadGateway},
		"busy":           {answer(503, ``), 503, http.StatusServiceUnavailable},
		"not found":      {answer(404, `{"detail":"no tea"}`), 404, http.StatusBadGateway},
		"nonsense":       {answer(200, `<html>`), 0, http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			var out struct{}
			err := test.client.Get(t.Context(), "/drinks", &out)
			if err == nil || Status(err) != test.status || problem.From(err).Status != test.want {
				t.Errorf("Get() = %v with status %d, problem %v", err, Status(err), problem.From(err))
			}
		})
	}
	if Status(errors.New("other")) != 0 {
		t.Error("an error that is no answer has a status")
	}
	if err := answer(200, ``).Call(t.Context(), "POST", "/", nil, func() {}, nil); err == nil {
		t.Error("a body that is not JSON was sent")
	}
	if err := answer(200, ``).Call(t.Context(), "BAD METHOD", "/", nil, nil, nil); err == nil {
		t.Error("a bad method was sent")
	}
}
