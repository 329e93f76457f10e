// Package problem describes errors to HTTP clients as RFC 9457 problem details.
package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// ContentType is the media type of a problem.
const ContentType = "application/problem+json"

// Problem is an error meant for the client of an API.
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// New returns a problem with the given HTTP status.
func New(status int, format string, args ...any) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}

// Error makes a problem an error.
func (p *Problem) Error() string {
	return fmt.Sprintf("%d %s: %s", p.Status, p.Title, p.Detail)
}

// From finds the problem an error describes: the error itself, or what its
// Problem method returns. Any other error becomes a 500 that tells nothing of it.
func From(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var source interface{ Problem() *Problem }
	if errors.As(err, &source) {
		return source.Problem()
	}
	return New(http.StatusInternalServerError, "the request could not be processed")
}

// Write answers a request with the problem.
func (p *Problem) Write(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", ContentType)
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(p.Status)
	return json.NewEncoder(w).Encode(p)
}
