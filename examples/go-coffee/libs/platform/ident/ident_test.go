package ident

import (
	"strings"
	"testing"
)

func TestNewIsValidAndNew(t *testing.T) {
	a, b := New("ord"), New("ord")
	if a == b || !Valid(a) || !strings.HasPrefix(a, "ord-") {
		t.Errorf("New() = %q and %q", a, b)
	}
}

func TestValid(t *testing.T) {
	for _, s := range []string{"", "..", "a/b", "-x", "a b", "a%2e", strings.Repeat("x", 65)} {
		if Valid(s) {
			t.Errorf("Valid(%q) = true", s)
		}
	}
}
