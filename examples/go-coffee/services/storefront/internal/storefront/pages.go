package storefront

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
)

//go:embed assets
var assets embed.FS

// pages are the HTML pages: "menu", "order" and "problem".
var pages = template.Must(template.New("").
	Funcs(template.FuncMap{"price": price}).
	ParseFS(assets, "assets/*.html"))

// price writes an amount the way it is read.
func price(cents int, currency string) string {
	return fmt.Sprintf("%d.%02d %s", cents/100, cents%100, currency)
}

// show answers with a page. It is rendered first, so that an error is not sent
// after half a page.
func show(w http.ResponseWriter, status int, page string, data any) error {
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, page, data); err != nil {
		return fmt.Errorf("page %s: %w", page, err)
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // the browser may have gone; nothing is left to tell it
	return nil
}
