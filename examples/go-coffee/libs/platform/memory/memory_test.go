package memory

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
)

func TestTheOldestIsEvicted(t *testing.T) {
	s := NewStore[int](3)
	for i := range 5 {
		s.GetOrPut(strconv.Itoa(i), i)
	}
	if got := s.Latest(10); !slices.Equal(got, []int{4, 3, 2}) {
		t.Errorf("Latest() = %v", got)
	}
	if _, ok := s.Get("1"); ok {
		t.Error("an evicted value was found")
	}
	if got := s.Latest(1); !slices.Equal(got, []int{4}) {
		t.Errorf("Latest(1) = %v", got)
	}
}

func TestGetOrPutKeepsTheFirst(t *testing.T) {
	s := NewStore[string](0) // a store holds at least one value
	s.GetOrPut("k", "first")
	if got, known := s.GetOrPut("k", "second"); got != "first" || !known {
		t.Errorf("GetOrPut() = %q, %v", got, known)
	}
	s.Delete("k")
	s.Delete("k")
	if s.Len() != 0 {
		t.Errorf("Len() = %d after Delete", s.Len())
	}
}

func TestUpdate(t *testing.T) {
	s := NewStore[int](1)
	s.GetOrPut("k", 1)
	failure := errors.New("no")
	if _, err := s.Update("k", func(int) (int, error) { return 7, failure }); !errors.Is(err, failure) {
		t.Errorf("Update() = %v", err)
	}
	if _, err := s.Update("other", nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("Update(other) = %v", err)
	}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { _, _ = s.Update("k", func(n int) (int, error) { return n + 1, nil }) })
	}
	group.Wait()
	if got, _ := s.Get("k"); got != 51 {
		t.Errorf("value = %d, want 51", got)
	}
}
