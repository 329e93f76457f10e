package metrics

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/go-coffee/libs/platform/buildinfo"
)

func TestExposition(t *testing.T) {
	m := New(buildinfo.Info{Service: "menu", Version: "1.2.3", Revision: "abc"})
	cups := prometheus.NewCounter(prometheus.CounterOpts{Name: "cups_total", Help: "Cups."})
	m.Register(cups)
	m.Expect("/drinks", "GET", 200, 500)
	m.Observe("/drinks", "GET", 200, 150*time.Millisecond)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`http_requests_total{code="200",method="GET",route="/drinks",service="menu"} 1`,
		`http_requests_total{code="500",method="GET",route="/drinks",service="menu"} 0`,
		`http_request_duration_seconds_bucket{code="200",method="GET",route="/drinks",service="menu",le="0.1"} 0`,
		`http_request_duration_seconds_bucket{code="200",method="GET",route="/drinks",service="menu",le="0.2"} 1`,
		`http_request_duration_seconds_count{code="500",method="GET",route="/drinks",service="menu"} 0`,
		`build_info{revision="abc",service="menu",version="1.2.3"} 1`,
		`cups_total{service="menu"} 0`,
	} {
		if !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("missing %s", want)
		}
	}
}
