package storefront

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/go-coffee/libs/platform/platformtest"
)

const form = "drink=espresso&quantity=2&card=4242424242424242"

// start runs the storefront in front of a fake that answers every call.
func start(t *testing.T, status int, body string) string {
	t.Helper()
	fake := platformtest.Fake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	})
	return platformtest.Start(t, Definition, map[string]string{"MENU_URL": fake, "ORDERS_URL": fake})
}

func post(t *testing.T, url, form string, headers ...string) platformtest.Answer {
	t.Helper()
	headers = append(headers, "Content-Type", "application/x-www-form-urlencoded")
	return platformtest.Send(t, http.MethodPost, url+"/orders", form, headers...)
}

func TestMenuPage(t *testing.T) {
	url := start(t, http.StatusOK, `{"drinks":[{"id":"espresso","name":"<Espresso>","price_cents":205,"currency":"EUR"}]}`)
	answer := platformtest.Get(t, url+"/")
	if answer.Status != http.StatusOK || !strings.Contains(answer.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("GET / = %d %v", answer.Status, answer.Header)
	}
	for _, want := range []string{`value="espresso"`, "&lt;Espresso&gt;", "2.05 EUR"} {
		if !strings.Contains(answer.Body, want) {
			t.Errorf("the page lacks %q:\n%s", want, answer.Body)
		}
	}
}

func TestEmptyMenu(t *testing.T) {
	if body := platformtest.Get(t, start(t, http.StatusOK, `{}`)+"/").Body; !strings.Contains(body, "sold out") {
		t.Error("the page of an empty menu does not say so")
	}
}

func TestStyle(t *testing.T) {
	answer := platformtest.Get(t, start(t, http.StatusOK, `{}`)+"/assets/style.css")
	if answer.Status != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/css") {
		t.Errorf("GET style.css = %d %v", answer.Status, answer.Header)
	}
}

func TestOrderingRedirectsToTheOrder(t *testing.T) {
	sent := make(chan string, 1)
	fake := platformtest.Fake(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent <- r.Method + " " + r.URL.Path + " " + string(body)
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprint(w, `{"id":"ord-1"}`)
	})
	url := platformtest.Start(t, Definition, map[string]string{"ORDERS_URL": fake})
	answer := post(t, url, form)
	if answer.Status != http.StatusSeeOther || answer.Header.Get("Location") != "/orders/ord-1" {
		t.Errorf("POST /orders = %d %v", answer.Status, answer.Header)
	}
	const want = `POST /orders {"card":"4242424242424242","drink":"espresso","quantity":2}`
	if got := <-sent; got != want {
		t.Errorf("orders got %s, want %s", got, want)
	}
}

func TestOrdersThatFail(t *testing.T) {
	for name, test := range map[string]struct {
		downstream, want int
		form             string
	}{
		"declined":     {http.StatusPaymentRequired, http.StatusPaymentRequired, form},
		"refused":      {http.StatusUnprocessableEntity, http.StatusUnprocessableEntity, form},
		"broken":       {http.StatusInternalServerError, http.StatusBadGateway, form},
		"busy":         {http.StatusServiceUnavailable, http.StatusServiceUnavailable, form},
		"no quantity":  {http.StatusCreated, http.StatusUnprocessableEntity, "drink=espresso"},
		"no form":      {http.StatusCreated, http.StatusBadRequest, "%zz"},
		"endless form": {http.StatusCreated, http.StatusBadRequest, strings.Repeat("x", maxForm+1)},
	} {
		t.Run(name, func(t *testing.T) {
			answer := post(t, start(t, test.downstream, `{}`), test.form)
			if answer.Status != test.want || !strings.Contains(answer.Body, `class="error"`) {
				t.Errorf("POST /orders = %d %s, want %d", answer.Status, answer.Body, test.want)
			}
		})
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	url := start(t, http.StatusCreated, `{"id":"ord-1"}`)
	if answer := post(t, url, form, "Sec-Fetch-Site", "cross-site"); answer.Status != http.StatusForbidden {
		t.Errorf("cross-site POST = %d", answer.Status)
	}
}

func TestOrderPage(t *testing.T) {
	for state, refreshes := range map[string]bool{"brewing": true, "ready": false} {
		url := start(t, http.StatusOK, fmt.Sprintf(`{"id":"ord-1","drink":"espresso","quantity":2,"amount_cents":440,"currency":"EUR","state":%q}`, state))
		answer := platformtest.Get(t, url+"/orders/ord-1")
		if answer.Status != http.StatusOK || !strings.Contains(answer.Body, state) {
			t.Errorf("GET order = %d %s", answer.Status, answer.Body)
		}
		if strings.Contains(answer.Body, "refresh") != refreshes {
			t.Errorf("refreshing is wrong for an order that is %s", state)
		}
	}
}

func TestOrderPageThatFails(t *testing.T) {
	for name, test := range map[string]struct {
		path             string
		downstream, want int
	}{
		"unknown":  {"/orders/ord-0", http.StatusNotFound, http.StatusNotFound},
		"unusable": {"/orders/..%2Fmetrics", http.StatusOK, http.StatusNotFound},
		"broken":   {"/orders/ord-1", http.StatusInternalServerError, http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			if answer := platformtest.Get(t, start(t, test.downstream, `{}`)+test.path); answer.Status != test.want {
				t.Errorf("GET %s = %d, want %d", test.path, answer.Status, test.want)
			}
		})
	}
}

func TestWithoutNeighbours(t *testing.T) {
	url := platformtest.Start(t, Definition, nil)
	for path, want := range map[string]int{"/readyz": http.StatusOK, "/": http.StatusServiceUnavailable, "/orders/x": http.StatusServiceUnavailable} {
		if answer := platformtest.Get(t, url+path); answer.Status != want {
			t.Errorf("GET %s = %d, want %d", path, answer.Status, want)
		}
	}
}

func TestShowFailsBeforeAnythingIsSent(t *testing.T) {
	w := httptest.NewRecorder()
	if err := show(w, http.StatusOK, "order", struct{}{}); err == nil || w.Body.Len() > 0 {
		t.Errorf("show() = %v after %d bytes", err, w.Body.Len())
	}
}
