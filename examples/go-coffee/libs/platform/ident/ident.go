// Package ident makes and checks the identifiers the services exchange.
package ident

import (
	"crypto/rand"
	"regexp"
)

var form = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// New returns an identifier nobody can guess, such as "ord-2Q6M...".
func New(prefix string) string {
	return prefix + "-" + rand.Text()
}

// Valid reports whether s may be used as an identifier, and so safely as one
// segment of a URL path.
func Valid(s string) bool {
	return form.MatchString(s)
}
