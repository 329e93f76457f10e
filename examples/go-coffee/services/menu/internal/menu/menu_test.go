package menu

import (
	"net/http"
	"strings"
	"testing"

	"example.com/go-coffee/libs/platform/platformtest"
	"example.com/go-coffee/libs/platform/problem"
)

func TestLoadRefusesBadMenus(t *testing.T) {
	const good = `{"id":"tea","name":"Tea","price_cents":200,"currency":"EUR"}`
	for name, test := range map[string]struct{ menu, want string }{
		"not JSON":      {`[`, "unexpected EOF"},
		"unknown field": {`[{"colour":"green"}]`, "unknown field"},
		"bad id":        {`[{"id":"a/b","name":"Tea","price_cents":200,"currency":"EUR"}]`, "id"},
		"no name":       {`[{"id":"tea","price_cents":200,"currency":"EUR"}]`, "name"},
		"free":          {`[{"id":"tea","name":"Tea","currency":"EUR"}]`, "price"},
		"no currency":   {`[{"id":"tea","name":"Tea","price_cents":200}]`, "currency"},
		"twice":         {`[` + good + `,` + good + `]`, "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(strings.NewReader(test.menu))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Load() = %v, want an error about %q", err, test.want)
			}
		})
	}
}

func TestAllIsACopy(t *testing.T) {
	m, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	m.All()[0].Name = "changed"
	if m.All()[0].Name == "changed" {
		t.Error("a caller could change the menu")
	}
}

func TestListDrinks(t *testing.T) {
	url := platformtest.Start(t, Definition, nil)
	answer := platformtest.Get(t, url+"/drinks")
	var list drinkList
	answer.JSON(t, &list)
	if answer.Status != http.StatusOK || len(list.Drinks) != 6 || list.Drinks[0].ID != "espresso" {
		t.Errorf("GET /drinks = %d %s", answer.Status, answer.Body)
	}
}

func TestOneDrink(t *testing.T) {
	url := platformtest.Start(t, Definition, nil)
	answer := platformtest.Get(t, url+"/drinks/flat-white")
	var drink Drink
	answer.JSON(t, &drink)
	if answer.Status != http.StatusOK || drink.PriceCents != 380 || drink.Currency != "EUR" {
		t.Errorf("GET /drinks/flat-white = %d %s", answer.Status, answer.Body)
	}
	answer = platformtest.Get(t, url+"/drinks/tea")
	if answer.Status != http.StatusNotFound || answer.Header.Get("Content-Type") != problem.ContentType {
		t.Errorf("GET /drinks/tea = %d %s", answer.Status, answer.Body)
	}
}

func TestMetricsStartAtZero(t *testing.T) {
	url := platformtest.Start(t, Definition, nil)
	body := platformtest.Get(t, url+"/metrics").Body
	for _, series := range []string{
		`http_requests_total{code="200",method="GET",route="/drinks",service="menu"} 0`,
		`http_requests_total{code="500",method="GET",route="/drinks/{id}",service="menu"} 0`,
	} {
		if !strings.Contains(body, series+"\n") {
			t.Errorf("missing series %s", series)
		}
	}
}
