package fetch

import (
	"reflect"
	"testing"
)

// TestConfigLeavesNothingOut: with all Options set, all fields of what is made of them are.
func TestConfigLeavesNothingOut(t *testing.T) {
	o := options(func(o *Options) { o.Rate, o.RetryMaxTime, o.RetryUnsafe = 1, 1, true })
	for _, made := range []any{o.policy(), o.limits()} {
		for v, i := reflect.ValueOf(made), 0; i < v.NumField(); i++ {
			if v.Field(i).IsZero() {
				t.Errorf("%s of %T is not set", v.Type().Field(i).Name, made)
			}
		}
	}
}

// TestHostPolicy: a target is judged by the retries of its host, where that has its own.
func TestHostPolicy(t *testing.T) {
	rules, err := NewHostRules([]HostRule{{Pattern: "a.test", HostSettings: HostSettings{Retries: new(7)}}})
	if err != nil {
		t.Fatal(err)
	}
	targets := newTargeter(options(func(o *Options) { o.Hosts = rules }))
	for url, want := range map[string]int{"http://a.test/": 7, "http://b.test/": 3} {
		if to, err := targets.newTarget(&Request{URL: url}); err != nil || to.policy.Retries != want {
			t.Errorf("%s: %+v, %v", url, to.policy, err)
		}
	}
}
