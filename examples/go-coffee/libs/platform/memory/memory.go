// Package memory holds the bounded in-memory store behind every service.
package memory

import (
	"container/list"
	"errors"
	"sync"
)

// ErrNotFound says that no value is stored under a key (any more).
var ErrNotFound = errors.New("not found")

// Store keeps the newest values up to a limit; when it is full, adding a value
// evicts the oldest. It is safe for concurrent use.
type Store[V any] struct {
	mu    sync.RWMutex
	limit int
	items map[string]*list.Element
	age   *list.List // of *entry[V], oldest first
}

type entry[V any] struct {
	key   string
	value V
}

// NewStore returns an empty store for at most limit values.
func NewStore[V any](limit int) *Store[V] {
	return &Store[V]{limit: max(limit, 1), items: make(map[string]*list.Element), age: list.New()}
}

// Len returns the number of stored values.
func (s *Store[V]) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.age.Len()
}

// Get returns the value stored under key.
func (s *Store[V]) Get(key string) (V, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if element, ok := s.items[key]; ok {
		return element.Value.(*entry[V]).value, true
	}
	var none V
	return none, false
}

// GetOrPut returns the value already stored under key and true, or stores the
// given one and returns it and false.
func (s *Store[V]) GetOrPut(key string, value V) (V, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if element, ok := s.items[key]; ok {
		return element.Value.(*entry[V]).value, true
	}
	if s.age.Len() >= s.limit {
		s.remove(s.age.Front())
	}
	s.items[key] = s.age.PushBack(&entry[V]{key, value})
	return value, false
}

// Update replaces the value under key by what change makes of it, atomically.
// An error of change leaves the value as it was.
func (s *Store[V]) Update(key string, change func(V) (V, error)) (V, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var none V
	element, ok := s.items[key]
	if !ok {
		return none, ErrNotFound
	}
	stored := element.Value.(*entry[V])
	value, err := change(stored.value)
	if err != nil {
		return none, err
	}
	stored.value = value
	return value, nil
}

// Delete forgets the value under key, if there is one.
func (s *Store[V]) Delete(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if element, ok := s.items[key]; ok {
		s.remove(element)
	}
}

// Latest returns up to n values, newest first.
func (s *Store[V]) Latest(n int) []V {
	s.mu.RLock()
	defer s.mu.RUnlock()
	values := make([]V, 0, min(n, s.age.Len()))
	for element := s.age.Back(); element != nil && len(values) < n; element = element.Prev() {
		values = append(values, element.Value.(*entry[V]).value)
	}
	return values
}

func (s *Store[V]) remove(element *list.Element) {
	delete(s.items, s.age.Remove(element).(*entry[V]).key)
}
