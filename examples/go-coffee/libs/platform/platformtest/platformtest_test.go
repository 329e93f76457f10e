package platformtest_test

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"example.com/go-coffee/libs/platform/platformtest"
	"example.com/go-coffee/libs/platform/service"
	"example.com/go-coffee/libs/platform/web"
)

func TestStartAndSend(t *testing.T) {
	echo := service.Definition{Name: "echo", Setup: func(app *service.App) error {
		greeting := app.Config.String("GREETING", "")
		app.Router.Handle("POST /echo", func(w http.ResponseWriter, r *http.Request) error {
			return web.JSON(w, http.StatusOK, greeting+r.Header.Get("Name"))
		})
		return nil
	}}
	url := platformtest.Start(t, echo, map[string]string{"GREETING": "hello "})
	var got string
	platformtest.Send(t, http.MethodPost, url+"/echo", "", "Name", "ada").JSON(t, &got)
	if got != "hello ada" {
		t.Errorf("got %q", got)
	}
}

// brokenTest records how a test failed.
type brokenTest struct {
	testing.TB
	message string
}

func (b *brokenTest) Helper() {}

func (b *brokenTest) Fatalf(format string, args ...any) {
	b.message = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func TestFailuresEndTheTest(t *testing.T) {
	text := platformtest.Fake(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "text") })
	for want, helper := range map[string]func(platformtest.TB){
		"no beans": func(t platformtest.TB) {
			platformtest.Start(t, service.Definition{Setup: func(*service.App) error { return errors.New("no beans") }}, nil)
		},
		`body "text"`:        func(t platformtest.TB) { platformtest.Get(t, text).JSON(t, new(int)) },
		"GET http://127.0.0": func(t platformtest.TB) { platformtest.Get(t, "http://127.0.0.1:1") },
		"request:":           func(t platformtest.TB) { platformtest.Get(t, "http://%zz") },
	} {
		broken := &brokenTest{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			helper(broken)
		}()
		if <-done; !strings.Contains(broken.message, want) {
			t.Errorf("the test failed with %q, want %q", broken.message, want)
		}
	}
}
