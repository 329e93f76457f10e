// Package menu knows which drinks are sold and what they cost.
package menu

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"

	"example.com/go-coffee/libs/platform/ident"
)

//go:embed drinks.json
var drinks []byte

// Drink is something to order.
type Drink struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	PriceCents  int    `json:"price_cents"`
	Currency    string `json:"currency"`
}

// Menu is an unchanging list of drinks.
type Menu struct {
	drinks []Drink
	byID   map[string]Drink
}

// Default returns the menu built into the service.
func Default() (*Menu, error) {
	return Load(bytes.NewReader(drinks))
}

// Load reads a menu from a JSON list and checks it.
func Load(r io.Reader) (*Menu, error) {
	m := &Menu{byID: make(map[string]Drink)}
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m.drinks); err != nil {
		return nil, fmt.Errorf("menu: %w", err)
	}
	for _, drink := range m.drinks {
		if err := drink.check(); err != nil {
			return nil, fmt.Errorf("menu: drink %q: %w", drink.ID, err)
		}
		if _, ok := m.byID[drink.ID]; ok {
			return nil, fmt.Errorf("menu: drink %q is listed twice", drink.ID)
		}
		m.byID[drink.ID] = drink
	}
	return m, nil
}

func (d Drink) check() error {
	switch {
	case !ident.Valid(d.ID):
		return fmt.Errorf("the id is not usable")
	case d.Name == "":
		return fmt.Errorf("the name is missing")
	case d.PriceCents <= 0:
		return fmt.Errorf("the price must be positive")
	case len(d.Currency) != 3:
		return fmt.Errorf("the currency is not an ISO 4217 code")
	}
	return nil
}

// All returns the drinks in the order of the menu.
func (m *Menu) All() []Drink {
	return append([]Drink{}, m.drinks...)
}

// Find returns the drink with the given identifier.
func (m *Menu) Find(id string) (Drink, bool) {
	drink, ok := m.byID[id]
	return drink, ok
}
