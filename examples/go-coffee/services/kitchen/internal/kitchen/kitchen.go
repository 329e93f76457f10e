// Package kitchen works through tickets with a fixed number of baristas.
package kitchen

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"example.com/go-coffee/libs/platform/ident"
	"example.com/go-coffee/libs/platform/memory"
)

// ErrFull says that no more tickets can wait.
var ErrFull = errors.New("the queue is full")

// ErrClosed says that the kitchen takes no more tickets.
var ErrClosed = errors.New("the kitchen is closed")

// State is how far a ticket has come.
type State string

// The states of a ticket, in order.
const (
	Queued  State = "queued"
	Brewing State = "brewing"
	Done    State = "done"
)

// Ticket is the work for one order.
type Ticket struct {
	ID       string `json:"id"`
	OrderID  string `json:"order_id"`
	Drink    string `json:"drink"`
	Quantity int    `json:"quantity"`
	State    State  `json:"state"`
}

// Notifier tells others that the work on an order has come to a state.
type Notifier func(ctx context.Context, orderID string, state State) error

// Options size a kitchen.
type Options struct {
	Workers  int           // baristas
	Queue    int           // tickets that may wait for one
	Store    int           // tickets remembered
	BrewTime time.Duration // per ticket
}

// Kitchen brews what is on its tickets.
type Kitchen struct {
	options Options
	notify  Notifier
	log     *slog.Logger
	tickets *memory.Store[Ticket]
	workers sync.WaitGroup

	mu     sync.RWMutex // guards closed, and the queue against sends after its closing
	closed bool
	queue  chan job
}

// job is a ticket on its way to a worker. Its context carries the trace of the
// request that brought it.
type job struct {
	ctx context.Context
	id  string
}

// Open returns a kitchen whose workers are waiting for tickets.
func Open(options Options, notify Notifier, log *slog.Logger) *Kitchen {
	k := &Kitchen{
		options: options,
		notify:  notify,
		log:     log,
		tickets: memory.NewStore[Ticket](options.Store),
		queue:   make(chan job, options.Queue),
	}
	for range options.Workers {
		k.workers.Go(func() {
			for j := range k.queue {
				k.work(j)
			}
		})
	}
	return k
}

// Submit queues the work for an order. It does not wait: a full queue is
// [ErrFull].
func (k *Kitchen) Submit(ctx context.Context, orderID, drink string, quantity int) (Ticket, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.closed {
		return Ticket{}, ErrClosed
	}
	ticket := Ticket{ID: ident.New("tkt"), OrderID: orderID, Drink: drink, Quantity: quantity, State: Queued}
	k.tickets.GetOrPut(ticket.ID, ticket)
	select {
	case k.queue <- job{context.WithoutCancel(ctx), ticket.ID}:
		return ticket, nil
	default:
		k.tickets.Delete(ticket.ID)
		return Ticket{}, ErrFull
	}
}

// Find returns a ticket by its identifier.
func (k *Kitchen) Find(id string) (Ticket, bool) {
	return k.tickets.Get(id)
}

// Waiting returns how many tickets no worker has taken yet.
func (k *Kitchen) Waiting() int {
	return len(k.queue)
}

// Close refuses new tickets and waits until the queued ones are done, or ctx
// ends.
func (k *Kitchen) Close(ctx context.Context) error {
	k.mu.Lock()
	if !k.closed {
		k.closed = true
		close(k.queue)
	}
	k.mu.Unlock()
	done := make(chan struct{})
	go func() {
		k.workers.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *Kitchen) work(j job) {
	k.advance(j, Brewing)
	time.Sleep(k.options.BrewTime)
	k.advance(j, Done)
}

// advance moves a ticket on and says so. An order nobody could be told about is
// still brewed.
func (k *Kitchen) advance(j job, state State) {
	ticket, err := k.tickets.Update(j.id, func(t Ticket) (Ticket, error) {
		t.State = state
		return t, nil
	})
	if err != nil {
		k.log.WarnContext(j.ctx, "ticket was evicted before it was done", "ticket", j.id)
		return
	}
	if err := k.notify(j.ctx, ticket.OrderID, state); err != nil {
		k.log.WarnContext(j.ctx, "order not updated", "order", ticket.OrderID, "state", state, "error", err)
	}
}
