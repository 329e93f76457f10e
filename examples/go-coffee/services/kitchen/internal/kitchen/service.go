package kitchen

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/go-coffee/libs/platform/client"
	"example.com/go-coffee/libs/platform/ident"
	"example.com/go-coffee/libs/platform/problem"
	"example.com/go-coffee/libs/platform/service"
	"example.com/go-coffee/libs/platform/web"
)

// Definition is the kitchen service.
var Definition = service.Definition{Name: "kitchen", Address: "127.0.0.1:8084", Setup: setup}

func setup(app *service.App) error {
	k := Open(Options{
		Workers:  app.Config.Positive("WORKERS", 8),
		Queue:    app.Config.Positive("QUEUE_LIMIT", 1_000),
		Store:    app.Config.Positive("STORE_LIMIT", 10_000),
		BrewTime: app.Config.Duration("BREW_TIME", 10*time.Millisecond),
	}, notifier(app.Client("orders", "ORDERS_URL")), app.Log)
	app.OnStop(k.Close)
	app.Metrics.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "kitchen_tickets_waiting",
		Help: "Tickets no barista has taken yet.",
	}, func() float64 { return float64(k.Waiting()) }))
	api := api{kitchen: k}
	app.Router.Handle("POST /tickets", api.submit, http.StatusAccepted, http.StatusServiceUnavailable)
	app.Router.Handle("GET /tickets/{id}", api.find, http.StatusOK, http.StatusNotFound)
	return nil
}

// notifier moves orders along with their tickets, if it knows where orders are.
func notifier(orders *client.Client) Notifier {
	orderState := map[State]string{Brewing: "brewing", Done: "ready"}
	return func(ctx context.Context, orderID string, state State) error {
		if orders.Check() != nil {
			return nil
		}
		body := map[string]string{"state": orderState[state]}
		return orders.Call(ctx, http.MethodPut, client.Path("orders", orderID, "state"), nil, body, nil)
	}
}

// api is the HTTP interface of a kitchen.
type api struct{ kitchen *Kitchen }

type ticketRequest struct {
	OrderID  string `json:"order_id"`
	Drink    string `json:"drink"`
	Quantity int    `json:"quantity"`
}

func (a api) submit(w http.ResponseWriter, r *http.Request) error {
	request, err := web.Decode[ticketRequest](w, r)
	if err != nil {
		return err
	}
	switch {
	case !ident.Valid(request.OrderID):
		return problem.New(http.StatusUnprocessableEntity, "order_id is missing or not usable")
	case !ident.Valid(request.Drink):
		return problem.New(http.StatusUnprocessableEntity, "drink is missing or not usable")
	case request.Quantity < 1:
		return problem.New(http.StatusUnprocessableEntity, "quantity must be at least 1")
	}
	ticket, err := a.kitchen.Submit(r.Context(), request.OrderID, request.Drink, request.Quantity)
	if errors.Is(err, ErrFull) || errors.Is(err, ErrClosed) {
		return problem.New(http.StatusServiceUnavailable, "%v", err)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/tickets/"+ticket.ID)
	return web.JSON(w, http.StatusAccepted, ticket)
}

func (a api) find(w http.ResponseWriter, r *http.Request) error {
	ticket, ok := a.kitchen.Find(r.PathValue("id"))
	if !ok {
		return problem.New(http.StatusNotFound, "there is no such ticket")
	}
	return web.JSON(w, http.StatusOK, ticket)
}
