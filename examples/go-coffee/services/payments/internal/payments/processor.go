package payments

import (
	"context"
	"errors"
	"time"
)

// DeclinedCard is the card number the processor always declines.
const DeclinedCard = "4000000000000002"

// ErrDeclined says that the card's issuer refused the charge.
var ErrDeclined = errors.New("the card was declined")

// Processor authorises charges. It simulates a card processor in-process,
// which takes a little time for each of them.
type Processor struct {
	latency time.Duration
}

// Authorise charges a card, or returns [ErrDeclined].
func (p Processor) Authorise(ctx context.Context, card string) error {
	timer := time.NewTimer(p.latency)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	if card == DeclinedCard {
		return ErrDeclined
	}
	return nil
}
