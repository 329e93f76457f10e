// Package orders takes orders and follows them until they are ready.
package orders

import (
	"fmt"
	"slices"
	"time"
)

// State is how far an order has come.
type State string

// The states of an order. Each is reached only from the one before it.
const (
	Placed  State = "placed"
	Paid    State = "paid"
	Brewing State = "brewing"
	Ready   State = "ready"
)

var sequence = []State{Placed, Paid, Brewing, Ready}

// Known reports whether s is a state at all.
func (s State) Known() bool { return slices.Contains(sequence, s) }

// Follows reports whether an order may go from the other state to s.
func (s State) Follows(other State) bool {
	at := slices.Index(sequence, s)
	return at > 0 && sequence[at-1] == other
}

// Order is what a guest wants and how far it is.
type Order struct {
	ID          string    `json:"id"`
	Drink       string    `json:"drink"`
	Quantity    int       `json:"quantity"`
	AmountCents int       `json:"amount_cents"`
	Currency    string    `json:"currency"`
	State       State     `json:"state"`
	PlacedAt    time.Time `json:"placed_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// TransitionError says that an order cannot go from one state to another.
type TransitionError struct{ From, To State }

func (e *TransitionError) Error() string {
	return fmt.Sprintf("an order that is %s cannot become %s", e.From, e.To)
}

// to returns the order in its next state.
func (o Order) to(next State, now time.Time) (Order, error) {
	if !next.Follows(o.State) {
		return o, &TransitionError{From: o.State, To: next}
	}
	o.State, o.UpdatedAt = next, now
	return o, nil
}
