package orders

import (
	"errors"
	"net/http"
	"time"

	"example.com/go-coffee/libs/platform/ident"
	"example.com/go-coffee/libs/platform/memory"
	"example.com/go-coffee/libs/platform/problem"
	"example.com/go-coffee/libs/platform/service"
	"example.com/go-coffee/libs/platform/web"
)

const (
	maxQuantity = 20 // drinks in one order
	maxListed   = 50 // orders in one list
)

// Definition is the orders service.
var Definition = service.Definition{Name: "orders", Address: "127.0.0.1:8082", Setup: setup}

func setup(app *service.App) error {
	api := api{desk: &Desk{
		Menu:     app.Client("menu", "MENU_URL"),
		Payments: app.Client("payments", "PAYMENTS_URL"),
		Kitchen:  app.Client("kitchen", "KITCHEN_URL"),
		Orders:   memory.NewStore[Order](app.Config.Positive("STORE_LIMIT", 10_000)),
		Now:      func() time.Time { return time.Now().UTC() },
	}}
	app.Router.Handle("POST /orders", api.place, http.StatusCreated, http.StatusPaymentRequired,
		http.StatusBadGateway, http.StatusServiceUnavailable)
	app.Router.Handle("GET /orders", api.list)
	app.Router.Handle("GET /orders/{id}", api.find, http.StatusOK, http.StatusNotFound)
	app.Router.Handle("PUT /orders/{id}/state", api.advance, http.StatusOK, http.StatusConflict)
	return nil
}

// api is the HTTP interface of the order desk.
type api struct{ desk *Desk }

type placeRequest struct {
	Drink    string `json:"drink"`
	Quantity int    `json:"quantity"`
	Card     string `json:"card"`
}

func (a api) place(w http.ResponseWriter, r *http.Request) error {
	request, err := web.Decode[placeRequest](w, r)
	if err != nil {
		return err
	}
	if !ident.Valid(request.Drink) {
		return problem.New(http.StatusUnprocessableEntity, "drink is missing or not usable")
	}
	if request.Quantity < 1 || request.Quantity > maxQuantity {
		return problem.New(http.StatusUnprocessableEntity, "quantity must be between 1 and %d", maxQuantity)
	}
	order, err := a.desk.Place(r.Context(), request.Drink, request.Quantity, request.Card)
	if order.ID != "" {
		w.Header().Set("Location", "/orders/"+order.ID)
	}
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, order)
}

type orderList struct {
	Orders []Order `json:"orders"`
}

func (a api) list(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, orderList{a.desk.Orders.Latest(maxListed)})
}

func (a api) find(w http.ResponseWriter, r *http.Request) error {
	order, ok := a.desk.Orders.Get(r.PathValue("id"))
	if !ok {
		return problem.New(http.StatusNotFound, "there is no such order")
	}
	return web.JSON(w, http.StatusOK, order)
}

type stateRequest struct {
	State State `json:"state"`
}

func (a api) advance(w http.ResponseWriter, r *http.Request) error {
	request, err := web.Decode[stateRequest](w, r)
	if err != nil {
		return err
	}
	if !request.State.Known() {
		return problem.New(http.StatusUnprocessableEntity, "state must be one of %v", sequence)
	}
	order, err := a.desk.Advance(r.PathValue("id"), request.State)
	if wrong := (*TransitionError)(nil); errors.As(err, &wrong) {
		return problem.New(http.StatusConflict, "%v", wrong)
	}
	if errors.Is(err, memory.ErrNotFound) {
		return problem.New(http.StatusNotFound, "there is no such order")
	}
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, order)
}
