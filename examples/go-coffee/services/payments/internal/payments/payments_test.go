package payments

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/go-coffee/libs/platform/platformtest"
)

const goodCard = "4242424242424242"

func body(order string, cents int, card string) string {
	return fmt.Sprintf(`{"order_id":%q,"amount_cents":%d,"currency":"EUR","card":%q}`, order, cents, card)
}

func start(t *testing.T) string {
	t.Helper()
	return platformtest.Start(t, Definition, map[string]string{"PROCESSOR_LATENCY": "1ms"})
}

func post(t *testing.T, url, key, body string) platformtest.Answer {
	t.Helper()
	return platformtest.Send(t, http.MethodPost, url+"/charges", body, "Idempotency-Key", key)
}

func TestChargeIsCapturedAndFound(t *testing.T) {
	url := start(t)
	answer := post(t, url, "key-1", body("ord-1", 340, goodCard))
	var charge Charge
	answer.JSON(t, &charge)
	want := Charge{ID: charge.ID, OrderID: "ord-1", AmountCents: 340, Currency: "EUR", CardEnding: "4242", Status: "captured"}
	if answer.Status != http.StatusCreated || charge != want {
		t.Fatalf("POST /charges = %d %s", answer.Status, answer.Body)
	}
	found := platformtest.Get(t, url+answer.Header.Get("Location"))
	if found.Status != http.StatusOK || found.Body != answer.Body {
		t.Errorf("GET charge = %d %s", found.Status, found.Body)
	}
	if missing := platformtest.Get(t, url+"/charges/ch-0"); missing.Status != http.StatusNotFound {
		t.Errorf("GET unknown charge = %d", missing.Status)
	}
}

func TestSameKeySameAnswer(t *testing.T) {
	url := start(t)
	first := post(t, url, "key-1", body("ord-1", 340, goodCard))
	if again := post(t, url, "key-1", body("ord-1", 340, goodCard)); again.Body != first.Body {
		t.Errorf("the second answer differs: %s and %s", first.Body, again.Body)
	}
	if other := post(t, url, "key-1", body("ord-1", 999, goodCard)); other.Status != http.StatusUnprocessableEntity {
		t.Errorf("another body under the same key = %d", other.Status)
	}
}

func TestDeclinedCard(t *testing.T) {
	url := start(t)
	for range 2 { // the answer is remembered like any other
		if answer := post(t, url, "key-1", body("ord-1", 340, DeclinedCard)); answer.Status != http.StatusPaymentRequired {
			t.Errorf("declined card = %d %s", answer.Status, answer.Body)
		}
	}
	if metrics := platformtest.Get(t, url+"/metrics").Body; !strings.Contains(metrics,
		`payments_charges_total{outcome="declined",service="payments"} 2`) {
		t.Error("declined charges are not counted")
	}
}

func TestBadRequests(t *testing.T) {
	url := start(t)
	for name, test := range map[string]struct {
		key, body string
		want      int
	}{
		"no key":      {"", body("ord-1", 340, goodCard), http.StatusBadRequest},
		"not JSON":    {"key", "{", http.StatusBadRequest},
		"no order":    {"key", body("", 340, goodCard), http.StatusUnprocessableEntity},
		"no amount":   {"key", body("ord-1", 0, goodCard), http.StatusUnprocessableEntity},
		"no card":     {"key", body("ord-1", 340, ""), http.StatusUnprocessableEntity},
		"no currency": {"key", strings.Replace(body("ord-1", 340, goodCard), "EUR", "", 1), http.StatusUnprocessableEntity},
	} {
		t.Run(name, func(t *testing.T) {
			if answer := post(t, url, test.key, test.body); answer.Status != test.want {
				t.Errorf("POST /charges = %d %s, want %d", answer.Status, answer.Body, test.want)
			}
		})
	}
}

func TestConcurrentRequestsWithOneKeyChargeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := NewLedger(Processor{latency: time.Second}, 100)
		request := Request{OrderID: "ord-1", AmountCents: 340, Currency: "EUR", Card: goodCard}
		var ids sync.Map
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				charge, err := ledger.Charge(t.Context(), "key", request)
				if err != nil {
					t.Error(err)
				}
				ids.Store(charge.ID, true)
			})
		}
		group.Wait()
		count := 0
		ids.Range(func(_, _ any) bool { count++; return true })
		if count != 1 || ledger.charges.Len() != 1 {
			t.Errorf("%d different answers and %d charges, want one", count, ledger.charges.Len())
		}
	})
}

func TestTimeoutIsNotAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := NewLedger(Processor{latency: time.Minute}, 100)
		request := Request{OrderID: "ord-1", AmountCents: 340, Currency: "EUR", Card: goodCard}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := ledger.Charge(ctx, "key", request)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Charge() = %v, want a timeout", err)
		}
		if _, err := ledger.Charge(t.Context(), "key", request); err != nil {
			t.Errorf("the second try failed: %v", err)
		}
	})
}
