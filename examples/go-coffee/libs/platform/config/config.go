// Package config reads settings from the environment.
//
// A [Reader] never stops at the first mistake: it collects them, so that one
// start of a misconfigured service reports everything that is wrong.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"time"
)

// Lookup finds the value of a variable; [os.LookupEnv] is one.
type Lookup func(name string) (string, bool)

// Map returns a Lookup over fixed values.
func Map(values map[string]string) Lookup {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

// Reader reads typed values and remembers the errors it met.
type Reader struct {
	lookup Lookup
	errs   []error
}

// NewReader returns a Reader of the given environment.
func NewReader(lookup Lookup) *Reader {
	return &Reader{lookup: lookup}
}

// Err returns every mistake found so far, or nil.
func (r *Reader) Err() error {
	return errors.Join(r.errs...)
}

// String returns the variable's value, or the fallback if it is unset or empty.
func (r *Reader) String(name, fallback string) string {
	if value, ok := r.lookup(name); ok && value != "" {
		return value
	}
	return fallback
}

// Duration reads a non-negative duration such as "250ms".
func (r *Reader) Duration(name string, fallback time.Duration) time.Duration {
	return read(r, name, fallback, func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err == nil && d < 0 {
			err = errors.New("must not be negative")
		}
		return d, err
	})
}

// Positive reads an integer greater than zero.
func (r *Reader) Positive(name string, fallback int) int {
	return read(r, name, fallback, func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err == nil && n < 1 {
			err = errors.New("must be greater than zero")
		}
		return n, err
	})
}

// Ratio reads a number between 0 and 1.
func (r *Reader) Ratio(name string, fallback float64) float64 {
	return read(r, name, fallback, func(s string) (float64, error) {
		f, err := strconv.ParseFloat(s, 64)
		if err == nil && (f < 0 || f > 1) {
			err = errors.New("must be between 0 and 1")
		}
		return f, err
	})
}

// URL reads an absolute http or https address; it is nil if the variable is unset.
func (r *Reader) URL(name string) *url.URL {
	return read(r, name, nil, func(s string) (*url.URL, error) {
		u, err := url.Parse(s)
		if err != nil {
			return nil, err
		}
		if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return nil, errors.New("must be an absolute http or https URL")
		}
		return u, nil
	})
}

// Level reads a log level: debug, info, warn or error.
func (r *Reader) Level(name string) slog.Level {
	return read(r, name, slog.LevelInfo, func(s string) (slog.Level, error) {
		var level slog.Level
		err := level.UnmarshalText([]byte(s))
		return level, err
	})
}

func read[T any](r *Reader, name string, fallback T, parse func(string) (T, error)) T {
	text := r.String(name, "")
	if text == "" {
		return fallback
	}
	value, err := parse(text)
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("%s=%q: %w", name, text, err))
		return fallback
	}
	return value
}
