package judge

import (
	"reflect"
	"testing"

	"batchfetch/fetch/failure"
)

func TestParseStatuses(t *testing.T) {
	for _, tt := range []struct {
		text string
		want Statuses // nil: an error
		back string
	}{
		{"200", Statuses{{200, 200}}, "200"},
		{"200-299", Statuses{{200, 299}}, "200-299"},
		{"200-299,304", Statuses{{200, 299}, {304, 304}}, "200-299,304"},
		{" 200 , 5xx ", Statuses{{200, 200}, {500, 599}}, "200,500-599"},
		{"4XX", Statuses{{400, 499}}, "400-499"},
		{"100-999", Statuses{{100, 999}}, "100-999"},
		{text: ""}, {text: "ok"}, {text: "99"}, {text: "1000"}, {text: "299-200"}, {text: "200-"}, {text: "-200"},
		{text: "200,"}, {text: "55xx"}, {text: "xx"}, {text: "200-299-304"}, {text: "0xx"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			got, err := ParseStatuses(tt.text)
			if (err == nil) != (tt.want != nil) || !reflect.DeepEqual(got, tt.want) {
				t.Fatalf("got %v, %v; want %v", got, err, tt.want)
			}
			if err == nil && got.String() != tt.back {
				t.Errorf("written as %q, want %q", got, tt.back)
			}
		})
	}
}

func TestStatusesHas(t *testing.T) {
	set := Statuses{{200, 299}, {304, 304}}
	for code, want := range map[int]bool{199: false, 200: true, 299: true, 300: false, 304: true, 0: false} {
		if set.Has(code) != want {
			t.Errorf("Has(%d) is %t", code, !want)
		}
	}
}

func TestParseRetryOn(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       RetryOn
		bad        bool
	}{
		{name: "nothing", text: ""},
		{name: "none", text: " none "},
		{name: "statuses and kinds", text: "429, 5xx, timeout,dns",
			want: RetryOn{Statuses{{429, 429}, {500, 599}}, []failure.Kind{failure.Timeout, failure.DNS}}},
		{name: "a kind that never passes", text: "too_large", bad: true},
		{name: "a kind that is no kind", text: "gremlins", bad: true},
		{name: "a status that is none", text: "42", bad: true},
		{name: "an empty word", text: "429,,500", bad: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseRetryOn(tt.text)
			if (err != nil) != tt.bad {
				t.Fatalf("error %v", err)
			}
			if !tt.bad && !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestDefaultRetryOn: the default is the documented one, and String and ParseRetryOn are inverse, as for a flag's
// default.
func TestDefaultRetryOn(t *testing.T) {
	const contract = "408,425,429,500,502,503,504,520-524,529,530,590,593-596,598-599," +
		"dns,connect,timeout,stalled,reset,truncated"
	if got := DefaultRetryOn().String(); got != contract {
		t.Errorf("got %s", got)
	}
	on, err := ParseRetryOn(contract)
	if err != nil || !reflect.DeepEqual(on, DefaultRetryOn()) {
		t.Errorf("reads back as %v, %v", on, err)
	}
	if got := (RetryOn{}).String(); got != "none" {
		t.Errorf("nothing is written as %q", got)
	}
}
