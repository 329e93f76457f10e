package kitchen_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/go-coffee/libs/platform/platformtest"
	"example.com/go-coffee/services/kitchen/internal/kitchen"
)

func TestKitchen(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Kitchen")
}

var _ = Describe("a kitchen", func() {
	var (
		k       *kitchen.Kitchen
		started chan string   // orders whose brewing began
		release chan struct{} // lets baristas go on
	)

	BeforeEach(func() {
		started, release = make(chan string, 10), make(chan struct{})
		notify := func(_ context.Context, order string, state kitchen.State) error {
			if state == kitchen.Brewing {
				started <- order
				<-release
			}
			return nil
		}
		k = kitchen.Open(kitchen.Options{Workers: 2, Queue: 1, Store: 10}, notify,
			slog.New(slog.NewTextHandler(io.Discard, nil)))
	})

	submit := func(ctx context.Context, order string) (kitchen.Ticket, error) {
		return k.Submit(ctx, order, "espresso", 1)
	}

	// occupy gives every barista a ticket and waits until they work on it.
	occupy := func(ctx context.Context) {
		for _, order := range []string{"ord-1", "ord-2"} {
			Expect(submit(ctx, order)).Error().NotTo(HaveOccurred())
			Eventually(started).Should(Receive(Equal(order)))
		}
	}

	It("works on no more tickets than it has baristas", func(ctx SpecContext) {
		occupy(ctx)
		ticket, err := submit(ctx, "ord-3")
		Expect(err).NotTo(HaveOccurred())
		Expect(ticket.State).To(Equal(kitchen.Queued))
		Expect(k.Waiting()).To(Equal(1))
		Expect(started).NotTo(Receive())

		close(release)
		Eventually(started).Should(Receive(Equal("ord-3")))
		Expect(k.Close(ctx)).To(Succeed())
		done, found := k.Find(ticket.ID)
		Expect(found).To(BeTrue())
		Expect(done.State).To(Equal(kitchen.Done))
	})

	It("refuses tickets when the queue is full", func(ctx SpecContext) {
		occupy(ctx)
		Expect(submit(ctx, "ord-3")).Error().NotTo(HaveOccurred())
		Expect(submit(ctx, "ord-4")).Error().To(MatchError(kitchen.ErrFull))
		close(release)
		Expect(k.Close(ctx)).To(Succeed())
	})

	It("refuses tickets once it is closed, and may be closed again", func(ctx SpecContext) {
		Expect(k.Close(ctx)).To(Succeed())
		Expect(submit(ctx, "ord-1")).Error().To(MatchError(kitchen.ErrClosed))
		Expect(k.Close(ctx)).To(Succeed())
	})

	It("gives up waiting for baristas when told to", func(ctx SpecContext) {
		occupy(ctx)
		impatient, cancel := context.WithCancel(ctx)
		cancel()
		Expect(k.Close(impatient)).To(MatchError(context.Canceled))
		close(release)
		Expect(k.Close(ctx)).To(Succeed())
	})
})

var _ = Describe("the kitchen service", func() {
	const ticket = `{"order_id":"ord-1","drink":"espresso","quantity":2}`

	settings := func(orders string) map[string]string {
		return map[string]string{"BREW_TIME": "1ms", "WORKERS": "1", "ORDERS_URL": orders}
	}
	post := func(url, body string) platformtest.Answer {
		return platformtest.Send(GinkgoTB(), http.MethodPost, url+"/tickets", body)
	}

	It("tells orders when the work begins and ends, within one trace", func() {
		type update struct{ request, body, trace string }
		updates := make(chan update, 2)
		orders := platformtest.Fake(GinkgoTB(), func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			trace := strings.Split(r.Header.Get("traceparent")+"--", "-")[1]
			updates <- update{r.Method + " " + r.URL.Path, string(body), trace}
		})
		url := platformtest.Start(GinkgoTB(), kitchen.Definition, settings(orders))

		const trace = "0af7651916cd43dd8448eb211c80319c"
		answer := platformtest.Send(GinkgoTB(), http.MethodPost, url+"/tickets", ticket,
			"traceparent", "00-"+trace+"-b7ad6b7169203331-01")
		Expect(answer.Status).To(Equal(http.StatusAccepted))
		Eventually(updates).Should(Receive(Equal(update{"PUT /orders/ord-1/state", `{"state":"brewing"}`, trace})))
		Eventually(updates).Should(Receive(Equal(update{"PUT /orders/ord-1/state", `{"state":"ready"}`, trace})))
	})

	It("brews even if orders cannot be told", func() {
		broken := platformtest.Fake(GinkgoTB(), func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
		})
		for _, orders := range []string{"", broken} {
			url := platformtest.Start(GinkgoTB(), kitchen.Definition, settings(orders))
			location := post(url, ticket).Header.Get("Location")
			Eventually(func(g Gomega) {
				var current kitchen.Ticket
				platformtest.Get(GinkgoTB(), url+location).JSON(GinkgoTB(), &current)
				g.Expect(current.State).To(Equal(kitchen.Done))
				g.Expect(current.Quantity).To(Equal(2))
			}).WithTimeout(5 * time.Second).Should(Succeed())
		}
	})

	DescribeTable("refuses unusable requests", func(body string, status int) {
		url := platformtest.Start(GinkgoTB(), kitchen.Definition, settings(""))
		Expect(post(url, body).Status).To(Equal(status))
	},
		Entry("not JSON", `{`, http.StatusBadRequest),
		Entry("no order", `{"drink":"espresso","quantity":1}`, http.StatusUnprocessableEntity),
		Entry("no drink", `{"order_id":"ord-1","quantity":1}`, http.StatusUnprocessableEntity),
		Entry("no quantity", `{"order_id":"ord-1","drink":"espresso"}`, http.StatusUnprocessableEntity),
	)

	It("does not know tickets it never took", func() {
		url := platformtest.Start(GinkgoTB(), kitchen.Definition, settings(""))
		Expect(platformtest.Get(GinkgoTB(), url+"/tickets/tkt-0").Status).To(Equal(http.StatusNotFound))
	})
})
