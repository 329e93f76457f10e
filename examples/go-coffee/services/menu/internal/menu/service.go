package menu

import (
	"net/http"

	"example.com/go-coffee/libs/platform/problem"
	"example.com/go-coffee/libs/platform/service"
	"example.com/go-coffee/libs/platform/web"
)

// Definition is the menu service.
var Definition = service.Definition{Name: "menu", Address: "127.0.0.1:8081", Setup: setup}

func setup(app *service.App) error {
	m, err := Default()
	if err != nil {
		return err
	}
	api := api{menu: m}
	app.Router.Handle("GET /drinks", api.list)
	app.Router.Handle("GET /drinks/{id}", api.one, http.StatusOK, http.StatusNotFound)
	return nil
}

// api is the HTTP interface of a menu.
type api struct{ menu *Menu }

type drinkList struct {
	Drinks []Drink `json:"drinks"`
}

func (a api) list(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "max-age=60")
	return web.JSON(w, http.StatusOK, drinkList{a.menu.All()})
}

func (a api) one(w http.ResponseWriter, r *http.Request) error {
	drink, ok := a.menu.Find(r.PathValue("id"))
	if !ok {
		return problem.New(http.StatusNotFound, "there is no such drink on the menu")
	}
	w.Header().Set("Cache-Control", "max-age=60")
	return web.JSON(w, http.StatusOK, drink)
}
