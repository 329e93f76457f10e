package server

import (
	"context"
	"errors"
	"net/http"
	"testing"
)

func TestGraceEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	entered, leave := make(chan struct{}), make(chan struct{})
	defer close(leave)
	s, err := Listen(ctx, Config{Address: "127.0.0.1:0"}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-leave
	}))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Ready() {
		t.Error("a listening server is not ready")
	}
	done, answered := make(chan error, 1), make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	go func() {
		response, err := http.Get("http://" + s.Address())
		if err == nil {
			err = response.Body.Close()
		}
		answered <- err
	}()
	<-entered
	cancel()
	if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Run() = %v", err)
	}
	if s.Ready() {
		t.Error("a stopped server is ready")
	}
	if err := <-answered; err == nil {
		t.Error("the stuck request was answered")
	}
}

func TestServingFails(t *testing.T) {
	s, err := Listen(t.Context(), Config{Address: "127.0.0.1:0"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil {
		t.Error("Run() on a closed listener did not fail")
	}
}
