package config

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestValuesAndFallbacks(t *testing.T) {
	r := NewReader(Map(map[string]string{
		"NAME": "latte", "WAIT": "250ms", "COUNT": "3", "RATIO": "0.25", "ADDRESS": "http://menu:80/x", "LEVEL": "warn", "EMPTY": "",
	}))
	for name, ok := range map[string]bool{
		"String":            r.String("NAME", "x") == "latte",
		"String fallback":   r.String("EMPTY", "x") == "x",
		"Duration":          r.Duration("WAIT", 0) == 250*time.Millisecond,
		"Duration fallback": r.Duration("EMPTY", time.Second) == time.Second,
		"Positive":          r.Positive("COUNT", 1) == 3,
		"Ratio":             r.Ratio("RATIO", 1) == 0.25,
		"URL":               r.URL("ADDRESS").Host == "menu:80",
		"URL fallback":      r.URL("UNSET") == nil,
		"Level":             r.Level("LEVEL") == slog.LevelWarn,
	} {
		if !ok {
			t.Errorf("%s is wrong", name)
		}
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
}

func TestEveryMistakeIsReported(t *testing.T) {
	r := NewReader(Map(map[string]string{
		"WAIT": "-1s", "COUNT": "0", "RATIO": "2", "RELATIVE": "menu", "BROKEN": "http://%zz", "LEVEL": "loud",
	}))
	r.Duration("WAIT", 0)
	r.Positive("COUNT", 1)
	r.Ratio("RATIO", 1)
	r.URL("RELATIVE")
	r.URL("BROKEN")
	r.Level("LEVEL")
	for _, name := range []string{"WAIT", "COUNT", "RATIO", "RELATIVE", "BROKEN", "LEVEL"} {
		if !strings.Contains(r.Err().Error(), name+"=") {
			t.Errorf("the error does not name %s: %v", name, r.Err())
		}
	}
}
