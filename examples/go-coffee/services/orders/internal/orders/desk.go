package orders

import (
	"context"
	"net/http"
	"time"

	"example.com/go-coffee/libs/platform/client"
	"example.com/go-coffee/libs/platform/ident"
	"example.com/go-coffee/libs/platform/memory"
	"example.com/go-coffee/libs/platform/problem"
)

// Desk takes orders, with the help of the services around it.
type Desk struct {
	Menu     *client.Client
	Payments *client.Client
	Kitchen  *client.Client
	Orders   *memory.Store[Order]
	Now      func() time.Time
}

// Place prices an order, charges the card and hands the order to the kitchen.
// The order is recorded as soon as it has a price; if the kitchen cannot take
// it, it stays paid and is returned with the error.
func (d *Desk) Place(ctx context.Context, drink string, quantity int, card string) (Order, error) {
	for _, service := range []*client.Client{d.Menu, d.Payments, d.Kitchen} {
		if err := service.Check(); err != nil { // before any money moves
			return Order{}, err
		}
	}
	order, err := d.price(ctx, drink, quantity)
	if err != nil {
		return Order{}, err
	}
	d.Orders.GetOrPut(order.ID, order)
	if err := d.charge(ctx, order, card); err != nil {
		return Order{}, err
	}
	if order, err = d.Advance(order.ID, Paid); err != nil {
		return Order{}, err
	}
	return order, d.handOver(ctx, order)
}

// Advance moves an order to its next state.
func (d *Desk) Advance(id string, next State) (Order, error) {
	return d.Orders.Update(id, func(order Order) (Order, error) {
		return order.to(next, d.Now())
	})
}

// price makes an order with what the menu says it costs.
func (d *Desk) price(ctx context.Context, drink string, quantity int) (Order, error) {
	var listed struct {
		PriceCents int    `json:"price_cents"`
		Currency   string `json:"currency"`
	}
	err := d.Menu.Get(ctx, client.Path("drinks", drink), &listed)
	if client.Status(err) == http.StatusNotFound {
		return Order{}, problem.New(http.StatusUnprocessableEntity, "there is no drink %q on the menu", drink)
	}
	if err != nil {
		return Order{}, err
	}
	now := d.Now()
	return Order{
		ID:          ident.New("ord"),
		Drink:       drink,
		Quantity:    quantity,
		AmountCents: quantity * listed.PriceCents,
		Currency:    listed.Currency,
		State:       Placed,
		PlacedAt:    now,
		UpdatedAt:   now,
	}, nil
}

// charge asks for the price of an order, at most once.
func (d *Desk) charge(ctx context.Context, order Order, card string) error {
	header := http.Header{"Idempotency-Key": {order.ID}}
	err := d.Payments.Call(ctx, http.MethodPost, "/charges", header, map[string]any{
		"order_id":     order.ID,
		"amount_cents": order.AmountCents,
		"currency":     order.Currency,
		"card":         card,
	}, nil)
	switch client.Status(err) {
	case http.StatusPaymentRequired:
		return problem.New(http.StatusPaymentRequired, "the card was declined")
	case http.StatusUnprocessableEntity:
		return problem.New(http.StatusUnprocessableEntity, "the card cannot be used")
	}
	return err
}

func (d *Desk) handOver(ctx context.Context, order Order) error {
	return d.Kitchen.Call(ctx, http.MethodPost, "/tickets", nil, map[string]any{
		"order_id": order.ID,
		"drink":    order.Drink,
		"quantity": order.Quantity,
	}, nil)
}
