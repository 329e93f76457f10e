// Package client calls the JSON APIs of other services.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/go-coffee/libs/platform/problem"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// ErrNotConfigured says that the address of a service was not given.
var ErrNotConfigured = errors.New("address not configured")

// Client calls one service.
type Client struct {
	service string
	address string // without a final slash, empty if not configured
	http    *http.Client
}

// New returns a client of the named service. Without a base address the client
// can be used, but every call fails with [ErrNotConfigured].
func New(service string, base *url.URL, transport http.RoundTripper, timeout time.Duration) *Client {
	c := &Client{service: service, http: &http.Client{Transport: transport, Timeout: timeout}}
	if base != nil {
		c.address = strings.TrimSuffix(base.String(), "/")
	}
	return c
}

// Path joins segments to an absolute path. Whatever a segment contains, it stays
// one segment.
func Path(segments ...string) string {
	var path strings.Builder
	for _, segment := range segments {
		path.WriteByte('/')
		path.WriteString(url.PathEscape(segment))
	}
	return path.String()
}

// Check fails if the address of the service is not configured.
func (c *Client) Check() error {
	if c.address == "" {
		return &Error{Service: c.service, Err: ErrNotConfigured}
	}
	return nil
}

// Get reads the resource at path into out.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.Call(ctx, http.MethodGet, path, nil, nil, out)
}

// Call sends a request with in as its JSON body, and decodes a successful
// answer into out; both may be nil. [Path] makes paths. Any failure is an [*Error].
func (c *Client) Call(ctx context.Context, method, path string, header http.Header, in, out any) error {
	if err := c.Check(); err != nil {
		return err
	}
	request, err := c.request(ctx, method, path, header, in)
	if err != nil {
		return &Error{Service: c.service, Err: err}
	}
	response, err := c.http.Do(request)
	if err != nil {
		return &Error{Service: c.service, Err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return &Error{Service: c.service, Err: fmt.Errorf("reading the answer: %w", err)}
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		var p problem.Problem
		if json.Unmarshal(body, &p) != nil || p.Detail == "" {
			p.Detail = http.StatusText(response.StatusCode)
		}
		return &Error{Service: c.service, Status: response.StatusCode, Err: errors.New(p.Detail)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return &Error{Service: c.service, Err: fmt.Errorf("decoding the answer: %w", err)}
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, header http.Header, in any) (*http.Request, error) {
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encoding the request: %w", err)
		}
		body = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.address+path, body)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("Accept", "application/json")
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// Error is a call that did not succeed.
type Error struct {
	Service string // the service called
	Status  int    // its answer, 0 if there was none
	Err     error
}

func (e *Error) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("%s answered %d: %v", e.Service, e.Status, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Service, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Problem tells the caller of this service that a service behind it failed:
// 503 if it is missing or busy, 502 if it is broken or cannot be reached.
func (e *Error) Problem() *problem.Problem {
	switch {
	case errors.Is(e.Err, ErrNotConfigured):
		return problem.New(http.StatusServiceUnavailable, "the %s service is not configured", e.Service)
	case e.Status == http.StatusServiceUnavailable:
		return problem.New(http.StatusServiceUnavailable, "the %s service is unavailable", e.Service)
	case e.Status != 0:
		return problem.New(http.StatusBadGateway, "the %s service answered %d", e.Service, e.Status)
	default:
		return problem.New(http.StatusBadGateway, "the %s service cannot be reached", e.Service)
	}
}

// Status returns the HTTP status a failed call was answered with, 0 if none.
func Status(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}
