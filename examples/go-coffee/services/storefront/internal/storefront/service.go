// Package storefront is the web page where guests order a coffee.
package storefront

import (
	"net/http"
	"strconv"

	"example.com/go-coffee/libs/platform/client"
	"example.com/go-coffee/libs/platform/ident"
	"example.com/go-coffee/libs/platform/problem"
	"example.com/go-coffee/libs/platform/service"
)

// maxForm bounds the forms guests may send.
const maxForm = 16 << 10

// Definition is the storefront service.
var Definition = service.Definition{Name: "storefront", Address: "127.0.0.1:8080", Setup: setup}

func setup(app *service.App) error {
	shop := &shop{
		menu:   app.Client("menu", "MENU_URL"),
		orders: app.Client("orders", "ORDERS_URL"),
		origin: http.NewCrossOriginProtection(),
	}
	files := http.FileServerFS(assets)
	app.Router.WriteErrorsWith(func(w http.ResponseWriter, _ *http.Request, p *problem.Problem) error {
		return show(w, p.Status, "problem", p)
	})
	app.Router.Handle("GET /{$}", shop.welcome, http.StatusOK, http.StatusBadGateway, http.StatusServiceUnavailable)
	app.Router.Handle("POST /orders", shop.order, http.StatusSeeOther, http.StatusPaymentRequired,
		http.StatusBadGateway, http.StatusServiceUnavailable)
	app.Router.Handle("GET /orders/{id}", shop.follow, http.StatusOK, http.StatusNotFound)
	app.Router.Handle("GET /assets/style.css", func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "max-age=3600")
		files.ServeHTTP(w, r)
		return nil
	})
	return nil
}

// shop shows the menu and takes orders, which others keep.
type shop struct {
	menu   *client.Client
	orders *client.Client
	origin *http.CrossOriginProtection
}

type drink struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	PriceCents  int    `json:"price_cents"`
	Currency    string `json:"currency"`
}

type order struct {
	ID          string `json:"id"`
	Drink       string `json:"drink"`
	Quantity    int    `json:"quantity"`
	AmountCents int    `json:"amount_cents"`
	Currency    string `json:"currency"`
	State       string `json:"state"`
}

func (s *shop) welcome(w http.ResponseWriter, r *http.Request) error {
	var menu struct {
		Drinks []drink `json:"drinks"`
	}
	if err := s.menu.Get(r.Context(), "/drinks", &menu); err != nil {
		return err
	}
	return show(w, http.StatusOK, "menu", menu.Drinks)
}

func (s *shop) order(w http.ResponseWriter, r *http.Request) error {
	if err := s.origin.Check(r); err != nil {
		return problem.New(http.StatusForbidden, "the form was sent from another site")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return problem.New(http.StatusBadRequest, "the form cannot be read")
	}
	quantity, err := strconv.Atoi(r.PostForm.Get("quantity"))
	if err != nil {
		return problem.New(http.StatusUnprocessableEntity, "the quantity is not a number")
	}
	var placed order
	err = s.orders.Call(r.Context(), http.MethodPost, "/orders", nil, map[string]any{
		"drink":    r.PostForm.Get("drink"),
		"quantity": quantity,
		"card":     r.PostForm.Get("card"),
	}, &placed)
	switch client.Status(err) {
	case http.StatusPaymentRequired:
		return problem.New(http.StatusPaymentRequired, "Your card was declined. Nothing was charged.")
	case http.StatusUnprocessableEntity:
		return problem.New(http.StatusUnprocessableEntity, "Please check the drink, the quantity and the card.")
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, client.Path("orders", placed.ID), http.StatusSeeOther)
	return nil
}

func (s *shop) follow(w http.ResponseWriter, r *http.Request) error {
	notFound := problem.New(http.StatusNotFound, "We do not know this order (any more).")
	id := r.PathValue("id")
	if !ident.Valid(id) {
		return notFound
	}
	var followed order
	err := s.orders.Get(r.Context(), client.Path("orders", id), &followed)
	if client.Status(err) == http.StatusNotFound {
		return notFound
	}
	if err != nil {
		return err
	}
	return show(w, http.StatusOK, "order", followed)
}
