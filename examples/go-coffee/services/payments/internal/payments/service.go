package payments

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/go-coffee/libs/platform/ident"
	"example.com/go-coffee/libs/platform/problem"
	"example.com/go-coffee/libs/platform/service"
	"example.com/go-coffee/libs/platform/web"
)

// Definition is the payments service.
var Definition = service.Definition{Name: "payments", Address: "127.0.0.1:8083", Setup: setup}

var (
	cardForm     = regexp.MustCompile(`^[0-9]{12,19}$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
)

func setup(app *service.App) error {
	processor := Processor{latency: app.Config.Duration("PROCESSOR_LATENCY", 3*time.Millisecond)}
	api := &api{
		ledger: NewLedger(processor, app.Config.Positive("STORE_LIMIT", 10_000)),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "payments_charges_total",
			Help: "Charges asked for, by outcome.",
		}, []string{"outcome"}),
	}
	for _, outcome := range []string{"captured", "declined", "failed"} {
		api.outcomes.WithLabelValues(outcome)
	}
	app.Metrics.Register(api.outcomes)
	app.Router.Handle("POST /charges", api.charge,
		http.StatusCreated, http.StatusPaymentRequired, http.StatusServiceUnavailable)
	app.Router.Handle("GET /charges/{id}", api.find, http.StatusOK, http.StatusNotFound)
	return nil
}

// api is the HTTP interface of a ledger.
type api struct {
	ledger   *Ledger
	outcomes *prometheus.CounterVec
}

func (a *api) charge(w http.ResponseWriter, r *http.Request) error {
	key := r.Header.Get("Idempotency-Key")
	if !ident.Valid(key) {
		return problem.New(http.StatusBadRequest, "the Idempotency-Key header is missing or not usable")
	}
	request, err := web.Decode[Request](w, r)
	if err != nil {
		return err
	}
	if err := request.check(); err != nil {
		return err
	}
	charge, err := a.ledger.Charge(r.Context(), key, request)
	if err != nil {
		return a.failed(err)
	}
	a.outcomes.WithLabelValues("captured").Inc()
	w.Header().Set("Location", "/charges/"+charge.ID)
	return web.JSON(w, http.StatusCreated, charge)
}

// failed counts an unsuccessful charge and says how to answer it.
func (a *api) failed(err error) error {
	switch {
	case errors.Is(err, ErrDeclined):
		a.outcomes.WithLabelValues("declined").Inc()
		return problem.New(http.StatusPaymentRequired, "the card was declined")
	case errors.Is(err, ErrKeyReused):
		return problem.New(http.StatusUnprocessableEntity, "%v", ErrKeyReused)
	case errors.Is(err, context.DeadlineExceeded):
		a.outcomes.WithLabelValues("failed").Inc()
		return problem.New(http.StatusServiceUnavailable, "the card processor did not answer in time")
	default:
		a.outcomes.WithLabelValues("failed").Inc()
		return err
	}
}

func (a *api) find(w http.ResponseWriter, r *http.Request) error {
	charge, ok := a.ledger.Find(r.PathValue("id"))
	if !ok {
		return problem.New(http.StatusNotFound, "there is no such charge")
	}
	return web.JSON(w, http.StatusOK, charge)
}

func (r Request) check() error {
	switch {
	case !ident.Valid(r.OrderID):
		return problem.New(http.StatusUnprocessableEntity, "order_id is missing or not usable")
	case r.AmountCents <= 0:
		return problem.New(http.StatusUnprocessableEntity, "amount_cents must be positive")
	case !currencyForm.MatchString(r.Currency):
		return problem.New(http.StatusUnprocessableEntity, "currency must be an ISO 4217 code")
	case !cardForm.MatchString(r.Card):
		return problem.New(http.StatusUnprocessableEntity, "card must be 12 to 19 digits")
	}
	return nil
}
