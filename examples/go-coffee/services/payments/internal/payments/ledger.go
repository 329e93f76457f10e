// Package payments charges cards, each request at most once.
package payments

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"example.com/go-coffee/libs/platform/ident"
	"example.com/go-coffee/libs/platform/memory"
)

// ErrKeyReused says that an idempotency key came with a different request.
var ErrKeyReused = errors.New("the idempotency key was used for another request")

// Request asks for a charge.
type Request struct {
	OrderID     string `json:"order_id"`
	AmountCents int    `json:"amount_cents"`
	Currency    string `json:"currency"`
	Card        string `json:"card"`
}

// Charge is an accepted request.
type Charge struct {
	ID          string `json:"id"`
	OrderID     string `json:"order_id"`
	AmountCents int    `json:"amount_cents"`
	Currency    string `json:"currency"`
	CardEnding  string `json:"card_ending"`
	Status      string `json:"status"`
}

// Ledger makes charges and remembers them by idempotency key.
type Ledger struct {
	processor Processor
	attempts  *memory.Store[*attempt]
	charges   *memory.Store[Charge]
}

// attempt is the single execution of the request behind a key. Its result may
// be read when done is closed.
type attempt struct {
	request [sha256.Size]byte
	done    chan struct{}
	charge  Charge
	err     error
}

// NewLedger returns an empty ledger that remembers up to limit charges.
func NewLedger(processor Processor, limit int) *Ledger {
	return &Ledger{
		processor: processor,
		attempts:  memory.NewStore[*attempt](limit),
		charges:   memory.NewStore[Charge](limit),
	}
}

// Find returns a charge made before.
func (l *Ledger) Find(id string) (Charge, bool) {
	return l.charges.Get(id)
}

// Charge executes a request once per key: asking again gives the same answer,
// a declined card included, and does not charge the card again. Failures of the
// processor are not answers, so the key may be tried again after one.
func (l *Ledger) Charge(ctx context.Context, key string, request Request) (Charge, error) {
	print, err := fingerprint(request)
	if err != nil {
		return Charge{}, err
	}
	mine := &attempt{request: print, done: make(chan struct{})}
	current, known := l.attempts.GetOrPut(key, mine)
	if known {
		return current.result(ctx, print)
	}
	defer close(mine.done)
	mine.charge, mine.err = l.charge(ctx, request)
	if mine.err != nil && !errors.Is(mine.err, ErrDeclined) {
		l.attempts.Delete(key)
	}
	return mine.charge, mine.err
}

// charge asks the card processor, and books what it accepts.
func (l *Ledger) charge(ctx context.Context, request Request) (Charge, error) {
	if err := l.processor.Authorise(ctx, request.Card); err != nil {
		return Charge{}, fmt.Errorf("charge for order %s: %w", request.OrderID, err)
	}
	charge := Charge{
		ID:          ident.New("ch"),
		OrderID:     request.OrderID,
		AmountCents: request.AmountCents,
		Currency:    request.Currency,
		CardEnding:  request.Card[max(0, len(request.Card)-4):],
		Status:      "captured",
	}
	l.charges.GetOrPut(charge.ID, charge)
	return charge, nil
}

// result waits for an attempt made by another call.
func (a *attempt) result(ctx context.Context, request [sha256.Size]byte) (Charge, error) {
	if a.request != request {
		return Charge{}, ErrKeyReused
	}
	select {
	case <-a.done:
		return a.charge, a.err
	case <-ctx.Done():
		return Charge{}, ctx.Err()
	}
}

func fingerprint(request Request) ([sha256.Size]byte, error) {
	encoded, err := json.Marshal(request)
	return sha256.Sum256(encoded), err
}
