package fetch

import (
	"log/slog"
	"reflect"
	"testing"

	"batchfetch/fetch/judge"
)

// TestConfigLeavesNothingOut checks that with all Options set all fields of the policy and the limits made of them are
// set.
func TestConfigLeavesNothingOut(t *testing.T) {
	o := options(func(o *Options) {
		o.Rate, o.RetryMaxTime, o.RetryUnsafe, o.Log = 1, 1, true, slog.New(slog.DiscardHandler)
		o.ThrottleOn, o.Poll = judge.Statuses{{403, 403}}, judge.Statuses{{202, 202}}
		o.Limiter = struct{ Limiter }{}
	})
	for _, made := range []any{o.policy(), o.limits()} {
		for v, i := reflect.ValueOf(made), 0; i < v.NumField(); i++ {
			if v.Field(i).IsZero() {
				t.Errorf("%s of %T is not set", v.Type().Field(i).Name, made)
			}
		}
	}
}
