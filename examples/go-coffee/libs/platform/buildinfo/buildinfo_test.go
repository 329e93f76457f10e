package buildinfo

import (
	"runtime"
	"testing"
)

func TestFor(t *testing.T) {
	want := Info{Service: "menu", Version: Version, Revision: Revision, Go: runtime.Version()}
	if got := For("menu"); got != want {
		t.Errorf("For() = %+v", got)
	}
}
