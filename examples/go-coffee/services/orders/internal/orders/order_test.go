package orders

import (
	"errors"
	"testing"
	"time"
)

func TestOnlyTheNextStateCanBeReached(t *testing.T) {
	for i, from := range sequence {
		for j, to := range sequence {
			order, err := Order{State: from}.to(to, time.Now())
			var wrong *TransitionError
			switch {
			case j == i+1 && (err != nil || order.State != to):
				t.Errorf("%s to %s: %v", from, to, err)
			case j != i+1 && (!errors.As(err, &wrong) || order.State != from):
				t.Errorf("%s to %s was allowed", from, to)
			}
		}
	}
}

func TestKnown(t *testing.T) {
	if !Ready.Known() || State("drunk").Known() {
		t.Error("Known() is wrong about ready or drunk")
	}
}
