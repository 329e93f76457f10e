package orders

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/suite"

	"example.com/go-coffee/libs/platform/platformtest"
	"example.com/go-coffee/libs/platform/problem"
)

// OrdersSuite runs the service among stand-ins for its neighbours.
type OrdersSuite struct {
	suite.Suite
	url      string
	settings map[string]string

	menuStatus, paymentStatus, kitchenStatus atomic.Int32
	tickets, charges                         atomic.Int32
}

func TestOrders(t *testing.T) { suite.Run(t, new(OrdersSuite)) }

func (s *OrdersSuite) SetupTest() {
	s.menuStatus.Store(http.StatusOK)
	s.paymentStatus.Store(http.StatusCreated)
	s.kitchenStatus.Store(http.StatusAccepted)
	s.tickets.Store(0)
	s.charges.Store(0)
	fake := func(status *atomic.Int32, calls *atomic.Int32, body string) string {
		return platformtest.Fake(s.T(), func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			w.WriteHeader(int(status.Load()))
			_, _ = fmt.Fprint(w, body)
		})
	}
	s.settings = map[string]string{
		"MENU_URL":     fake(&s.menuStatus, new(atomic.Int32), `{"id":"espresso","price_cents":220,"currency":"EUR"}`),
		"PAYMENTS_URL": fake(&s.paymentStatus, &s.charges, `{}`),
		"KITCHEN_URL":  fake(&s.kitchenStatus, &s.tickets, `{}`),
	}
	s.url = platformtest.Start(s.T(), Definition, s.settings)
}

func (s *OrdersSuite) place(url string) platformtest.Answer {
	return platformtest.Send(s.T(), http.MethodPost, url+"/orders",
		`{"drink":"espresso","quantity":2,"card":"4242424242424242"}`)
}

func (s *OrdersSuite) advance(location, state string) platformtest.Answer {
	return platformtest.Send(s.T(), http.MethodPut, s.url+location+"/state", fmt.Sprintf(`{"state":%q}`, state))
}

func (s *OrdersSuite) TestPlacedOrderIsPaidAndHandedOver() {
	answer := s.place(s.url)
	s.Require().Equal(http.StatusCreated, answer.Status, answer.Body)
	var order Order
	answer.JSON(s.T(), &order)
	s.Equal(440, order.AmountCents)
	s.Equal(Paid, order.State)
	s.EqualValues(1, s.charges.Load())
	s.EqualValues(1, s.tickets.Load())
	s.JSONEq(answer.Body, platformtest.Get(s.T(), s.url+answer.Header.Get("Location")).Body)
}

func (s *OrdersSuite) TestOrderMovesThroughItsStates() {
	location := s.place(s.url).Header.Get("Location")
	s.Equal(http.StatusConflict, s.advance(location, "ready").Status)
	s.Equal(http.StatusOK, s.advance(location, "brewing").Status)
	s.Equal(http.StatusConflict, s.advance(location, "brewing").Status)
	ready := s.advance(location, "ready")
	s.Equal(http.StatusOK, ready.Status)
	s.Contains(ready.Body, `"state":"ready"`)
	s.Equal(http.StatusUnprocessableEntity, s.advance(location, "drunk").Status)
	s.Equal(http.StatusNotFound, s.advance("/orders/ord-0", "brewing").Status)
}

func (s *OrdersSuite) TestNewestOrdersAreListedFirst() {
	s.place(s.url)
	last := s.place(s.url)
	var order Order
	last.JSON(s.T(), &order)
	var list orderList
	platformtest.Get(s.T(), s.url+"/orders").JSON(s.T(), &list)
	s.Require().Len(list.Orders, 2)
	s.Equal(order.ID, list.Orders[0].ID)
}

func (s *OrdersSuite) TestNeighboursThatRefuse() {
	for name, test := range map[string]struct {
		neighbour    *atomic.Int32
		status, want int
	}{
		"unknown drink":     {&s.menuStatus, http.StatusNotFound, http.StatusUnprocessableEntity},
		"menu broken":       {&s.menuStatus, http.StatusInternalServerError, http.StatusBadGateway},
		"card declined":     {&s.paymentStatus, http.StatusPaymentRequired, http.StatusPaymentRequired},
		"card unusable":     {&s.paymentStatus, http.StatusUnprocessableEntity, http.StatusUnprocessableEntity},
		"payments busy":     {&s.paymentStatus, http.StatusServiceUnavailable, http.StatusServiceUnavailable},
		"kitchen queue":     {&s.kitchenStatus, http.StatusServiceUnavailable, http.StatusServiceUnavailable},
		"kitchen in flames": {&s.kitchenStatus, http.StatusInternalServerError, http.StatusBadGateway},
	} {
		s.Run(name, func() {
			before := test.neighbour.Swap(int32(test.status))
			defer test.neighbour.Store(before)
			answer := s.place(s.url)
			s.Equal(test.want, answer.Status, answer.Body)
			s.Equal(problem.ContentType, answer.Header.Get("Content-Type"))
		})
	}
}

func (s *OrdersSuite) TestPaidOrderSurvivesAMissingKitchen() {
	s.kitchenStatus.Store(http.StatusServiceUnavailable)
	answer := s.place(s.url)
	s.Equal(http.StatusServiceUnavailable, answer.Status)
	s.Contains(platformtest.Get(s.T(), s.url+answer.Header.Get("Location")).Body, `"state":"paid"`)
}

func (s *OrdersSuite) TestMissingNeighbours() {
	for name, address := range map[string]string{"unset": "", "unreachable": "http://127.0.0.1:1"} {
		s.Run(name, func() {
			for variable := range s.settings {
				settings := map[string]string{}
				for k, v := range s.settings {
					settings[k] = v
				}
				settings[variable] = address
				url := platformtest.Start(s.T(), Definition, settings)
				s.Equal(http.StatusOK, platformtest.Get(s.T(), url+"/readyz").Status)
				want := http.StatusServiceUnavailable
				if address != "" {
					want = http.StatusBadGateway
				}
				s.Equal(want, s.place(url).Status, variable)
			}
		})
	}
}

func (s *OrdersSuite) TestUnusableRequests() {
	for body, want := range map[string]int{
		`{`: http.StatusBadRequest,
		`{"drink":"espresso","quantity":1,"tip":5}`: http.StatusBadRequest,
		`{"drink":"../x","quantity":1}`:             http.StatusUnprocessableEntity,
		`{"drink":"espresso","quantity":0}`:         http.StatusUnprocessableEntity,
		`{"drink":"espresso","quantity":21}`:        http.StatusUnprocessableEntity,
	} {
		answer := platformtest.Send(s.T(), http.MethodPost, s.url+"/orders", body)
		s.Equal(want, answer.Status, body)
	}
	s.Equal(http.StatusNotFound, platformtest.Get(s.T(), s.url+"/orders/ord-0").Status)
}
