// Package platformtest helps to test services through their HTTP interface.
package platformtest

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/go-coffee/libs/platform/config"
	"example.com/go-coffee/libs/platform/service"
)

// TB is the part of [testing.TB] the helpers need; Ginkgo's GinkgoTB has it too.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Cleanup(func())
}

var _ TB = (testing.TB)(nil)

// Start runs a service on a free loopback port with the given settings until
// the test ends, and returns its address. Its shutdown must be clean.
func Start(t TB, def service.Definition, settings map[string]string) string {
	t.Helper()
	env := map[string]string{"LISTEN_ADDRESS": "127.0.0.1:0"}
	maps.Copy(env, settings)
	ctx, cancel := context.WithCancel(context.Background())
	address, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- service.Run(ctx, def, config.Map(env), io.Discard, func(a string) { address <- a })
	}()
	select {
	case err := <-done:
		cancel()
		t.Fatalf("%s did not start: %v", def.Name, err)
		return ""
	case a := <-address:
		t.Cleanup(func() {
			cancel()
			http.DefaultClient.CloseIdleConnections()
			if err := <-done; err != nil {
				t.Errorf("%s did not stop cleanly: %v", def.Name, err)
			}
		})
		return "http://" + a
	}
}

// Fake serves a stand-in for another service and returns its address.
func Fake(t TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// Answer is a complete HTTP answer.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// JSON decodes the body into a value.
func (a Answer) JSON(t TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.Body), v); err != nil {
		t.Fatalf("body %q: %v", a.Body, err)
	}
}

// Send makes a request, with headers given as name, value pairs, and returns
// the answer. It does not follow redirects.
func Send(t TB, method, url, body string, headers ...string) Answer {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatalf("request: %v", err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: string(content)}
}

// Get reads a URL.
func Get(t TB, url string) Answer {
	t.Helper()
	return Send(t, http.MethodGet, url, "")
}
