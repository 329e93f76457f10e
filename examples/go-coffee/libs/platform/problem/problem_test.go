package problem

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

type busy struct{ error }

func (busy) Problem() *Problem { return New(http.StatusServiceUnavailable, "come back later") }

func TestFrom(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"problem":    {fmt.Errorf("order: %w", New(http.StatusNotFound, "no %s", "tea")), "404 Not Found: no tea"},
		"describing": {fmt.Errorf("order: %w", busy{errors.New("x")}), "503 Service Unavailable: come back later"},
		"other":      {errors.New("secret"), "500 Internal Server Error: the request could not be processed"},
	} {
		if got := From(test.err).Error(); got != test.want {
			t.Errorf("%s: From() = %q, want %q", name, got, test.want)
		}
	}
}

func TestWrite(t *testing.T) {
	w := httptest.NewRecorder()
	if err := From(busy{}).Write(w); err != nil {
		t.Fatal(err)
	}
	const want = `{"title":"Service Unavailable","status":503,"detail":"come back later"}`
	if w.Code != 503 || w.Header().Get("Retry-After") == "" || strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}
