package judge

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestQuotaOf: the header fields that announce a quota, in all their forms.
func TestQuotaOf(t *testing.T) {
	inMinute := strconv.FormatInt(judgedAt.Add(time.Minute).Unix(), 10)
	none := Quota{}
	for _, tt := range []struct {
		name    string
		headers []string
		want    Quota
	}{
		{"nothing", nil, none},
		{"the draft's field", []string{"RateLimit", `"default";r=50;t=30`},
			Quota{Remaining: 50, Reset: 30 * time.Second, Limit: 0}},
		{"with its policy", []string{"RateLimit", `"default";r=50;t=30`, "RateLimit-Policy", `"default";q=100;w=60`},
			Quota{Remaining: 50, Reset: 30 * time.Second, Limit: 100}},
		{"without a reset: the policy's window", []string{"RateLimit", `"a";r=0`, "RateLimit-Policy", `"a";q=10;w=5`},
			Quota{Remaining: 0, Reset: 5 * time.Second, Limit: 10}},
		{"without either", []string{"RateLimit", `"a";r=0`}, none},
		{"of two the tighter", []string{"RateLimit", `"day";r=5000;t=80000, "second";r=9;t=1, "hour";r=1;t=3000`},
			Quota{Remaining: 1, Reset: 3000 * time.Second, Limit: 0}},
		{"in two lines", []string{"RateLimit", `"a";r=100;t=1`, "RateLimit", `"b";r=1;t=1`},
			Quota{Remaining: 1, Reset: time.Second, Limit: 0}},
		{"of two that are empty the later", []string{"RateLimit", `"a";r=0;t=1,"b";r=0;t=9`},
			Quota{Remaining: 0, Reset: 9 * time.Second, Limit: 0}},
		{"a name with separators in it", []string{"RateLimit", `"a,b;r=7;\"";r=3;t=4`},
			Quota{Remaining: 3, Reset: 4 * time.Second, Limit: 0}},
		{"other parameters", []string{"RateLimit", `"a";pk=:Zm9v:;r=3;t=4;x=?1`},
			Quota{Remaining: 3, Reset: 4 * time.Second, Limit: 0}},
		{"an earlier draft's members", []string{"RateLimit", "limit=100, remaining=7, reset=5"},
			Quota{Remaining: 7, Reset: 5 * time.Second, Limit: 100}},
		{"no number", []string{"RateLimit", `"a";r=many;t=4`}, none},
		{"a negative number", []string{"RateLimit", `"a";r=-1;t=4`}, none},
		{"a reset without end", []string{"RateLimit", `"a";r=0;t=999999999999999`},
			Quota{Remaining: 0, Reset: LongestWait, Limit: 0}},

		{"fields of their own",
			[]string{"RateLimit-Limit", "100", "RateLimit-Remaining", "7", "RateLimit-Reset", "5"},
			Quota{Remaining: 7, Reset: 5 * time.Second, Limit: 100}},
		{"a limit with its policy behind", []string{"RateLimit-Limit", "100, 100;w=60", "RateLimit-Remaining", "7",
			"RateLimit-Reset", "5"}, Quota{Remaining: 7, Reset: 5 * time.Second, Limit: 100}},
		{"with an X", []string{"X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "12"},
			Quota{Remaining: 0, Reset: 12 * time.Second, Limit: 60}},
		{"in another spelling", []string{"X-Rate-Limit-Remaining", "1", "X-Rate-Limit-Reset", "12"},
			Quota{Remaining: 1, Reset: 12 * time.Second, Limit: 0}},
		{"a fraction", []string{"X-RateLimit-Remaining", "1", "X-RateLimit-Reset", "0.25"},
			Quota{Remaining: 1, Reset: 250 * time.Millisecond, Limit: 0}},
		{"a time", []string{"X-RateLimit-Remaining", "1", "X-RateLimit-Reset", inMinute},
			Quota{Remaining: 1, Reset: time.Minute, Limit: 0}},
		{"a time in milliseconds", []string{"X-RateLimit-Remaining", "1", "X-RateLimit-Reset", inMinute + "500"},
			Quota{Remaining: 1, Reset: time.Minute + 500*time.Millisecond, Limit: 0}},
		{"a date", []string{"X-RateLimit-Remaining", "1", "X-RateLimit-Reset",
			judgedAt.Add(time.Minute).Format(http.TimeFormat)}, Quota{Remaining: 1, Reset: time.Minute, Limit: 0}},
		{"a time against the server's own", []string{"X-RateLimit-Remaining", "1", "X-RateLimit-Reset", inMinute,
			"Date", judgedAt.Add(50 * time.Second).Format(http.TimeFormat)}, Quota{Remaining: 1, Reset: 10 * time.Second, Limit: 0}},
		{"a time that has passed", []string{"X-RateLimit-Remaining", "1", "X-RateLimit-Reset", "1000000001"},
			Quota{Remaining: 1}},
		{"no reset", []string{"X-RateLimit-Remaining", "0"}, Quota{}},
		{"nonsense", []string{"X-RateLimit-Remaining", "lots", "X-RateLimit-Reset", "12"}, none},
		{"not a number at all", []string{"X-RateLimit-Remaining", "1", "X-RateLimit-Reset", "NaN"},
			Quota{Remaining: 1}},
		{"endless", []string{"X-RateLimit-Remaining", "1", "X-RateLimit-Reset", "+Inf"},
			Quota{Remaining: 1, Reset: LongestWait, Limit: 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := quotaOf(status(200, tt.headers...).Header, judgedAt); got != tt.want {
				t.Errorf("%v says %+v, want %+v", tt.headers, got, tt.want)
			}
		})
	}
}

// FuzzQuota: every header gives a quota whose numbers are in range, or none.
func FuzzQuota(f *testing.F) {
	f.Add(`"default";r=50;t=30`, `"default";q=100;w=60`, "1", "2")
	f.Add("limit=100, remaining=7, reset=5", "", "0", "1767355260")
	f.Add(`"a,b;\"";r=3;t=4`, `"`, "", "Fri, 02 Jan 2026 12:01:00 GMT")
	f.Fuzz(func(t *testing.T, field, policy, remaining, reset string) {
		for _, h := range []http.Header{
			{"Ratelimit": {field}, "Ratelimit-Policy": {policy}},
			{"X-Ratelimit-Remaining": {remaining}, "X-Ratelimit-Reset": {reset}, "X-Ratelimit-Limit": {policy}},
		} {
			q := quotaOf(h, judgedAt)
			if q.Remaining < 0 || q.Limit < 0 || q.Reset < 0 || q.Reset > LongestWait {
				t.Errorf("%v: %+v", h, q)
			}
		}
	})
}

// TestQuotaFieldIsReadToABound: only the first maxQuotaText bytes of a field are parsed.
func TestQuotaFieldIsReadToABound(t *testing.T) {
	h := http.Header{"Ratelimit": {strings.Repeat(`"a";r=9;t=9,`, 20000) + `"b";r=0;t=1`}}
	if q := quotaOf(h, judgedAt); q.Remaining != 9 {
		t.Errorf("read to the end: %+v", q)
	}
}
