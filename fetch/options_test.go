package fetch

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// noon is the present time in tests that need one.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// options returns the Defaults as changed by change, which may be nil.
func options(change func(*Options)) *Options {
	o := Defaults()
	if change != nil {
		change(&o)
	}
	return &o
}

// flagsOf returns the flags of all Mistakes in err.
func flagsOf(err error) []string {
	var flags []string
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	for _, err := range joined.Unwrap() {
		var mistake *Mistake
		if errors.As(err, &mistake) {
			flags = append(flags, mistake.Flag)
		}
	}
	return flags
}

func TestDefaultsAreValid(t *testing.T) {
	if err := options(nil).Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidateNamesTheFlag(t *testing.T) {
	for _, tt := range []struct {
		flag string
		with func(*Options)
	}{
		{"concurrency", func(o *Options) { o.Concurrency = 0 }},
		{"host-concurrency", func(o *Options) { o.HostConcurrency = 0 }},
		{"rate", func(o *Options) { o.Rate = -1 }},
		{"rate", func(o *Options) { o.Rate = math.NaN() }},
		{"host-rate", func(o *Options) { o.HostRate = -0.1 }},
		{"lookahead", func(o *Options) { o.Lookahead = 0 }},
		{"retries", func(o *Options) { o.Retries = -1 }},
		{"retry-delay", func(o *Options) { o.RetryDelay = -1 }},
		{"retry-max-delay", func(o *Options) { o.RetryMaxDelay = -1 }},
		{"retry-max-time", func(o *Options) { o.RetryMaxTime = -1 }},
		{"connect-timeout", func(o *Options) { o.ConnectTimeout = -1 }},
		{"stall-timeout", func(o *Options) { o.StallTimeout = -1 }},
		{"timeout", func(o *Options) { o.Timeout = -1 }},
		{"deadline", func(o *Options) { o.Deadline = -1 }},
		{"slow", func(o *Options) { o.Slow = -1 }},
		{"max-pages", func(o *Options) { o.MaxPages = 0 }},
		{"max-redirs", func(o *Options) { o.MaxRedirects = -1 }},
		{"max-body", func(o *Options) { o.MaxBody = 0 }},
		{"max-failures", func(o *Options) { o.MaxFailurePercent = 100.1 }},
		{"max-failures", func(o *Options) { o.MaxFailurePercent = -1 }},
		{"request", func(o *Options) { o.Method = "GE T" }},
		{"request", func(o *Options) { o.Method = "CONNECT" }},
		{"http", func(o *Options) { o.HTTP = "4" }},
		{"cookie", func(o *Options) { o.Cookie = "a=b\r\nX: y" }},
		{"header", func(o *Options) { o.Header = http.Header{"X": {"1\r\nY: 2"}} }},
		{"header", func(o *Options) { o.Header = http.Header{"X Y": {"1"}} }},
		{"header", func(o *Options) { o.Header = http.Header{"Host": {"exa mple"}} }},
		{"header", func(o *Options) { o.Header = http.Header{"Content-Length": {"1"}} }},
		{"header", func(o *Options) { o.Header = http.Header{"X": {"1", "2\n"}, "Y": {"1"}, "Accept": nil} }},
	} {
		t.Run(tt.flag, func(t *testing.T) {
			if got := flagsOf(options(tt.with).Validate()); !slices.Equal(got, []string{tt.flag}) {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestValidateReportsAllMistakesAtOnce(t *testing.T) {
	err := options(func(o *Options) {
		o.Concurrency, o.HostRate, o.Timeout, o.Method = -1, -1, -time.Second, "\n"
	}).Validate()
	if got := flagsOf(err); !slices.Equal(got, []string{"concurrency", "host-rate", "request", "timeout"}) {
		t.Errorf("got %v", got)
	}
	for _, want := range []string{"--concurrency is -1, must be 1 to 65536", "--host-rate is -1/s, must be above 0",
		"--timeout is -1s, must not be negative"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in %q", want, err)
		}
	}
}

func TestZeroMeansWhatTheCommentSays(t *testing.T) {
	err := options(func(o *Options) {
		o.Rate, o.HostRate, o.Retries, o.RetryDelay, o.RetryMaxDelay = 0, 0, 0, 0, 0
		o.ConnectTimeout, o.StallTimeout, o.Grace, o.UserAgent, o.MaxRedirects = 0, 0, 0, "", 0
	}).Validate()
	if err != nil {
		t.Error(err)
	}
}

// TestDefaultsRetry checks that the default of --retry-on is the one that the contract states.
func TestDefaultsRetry(t *testing.T) {
	const contract = "408,425,429,500,502,503,504,520-524,529,530,590,593-596,598-599," +
		"dns,connect,timeout,stalled,reset,truncated"
	if got := Defaults().RetryOn.String(); got != contract {
		t.Errorf("got %s", got)
	}
}

// noRetryOptions are options without retries and without adaptive rates.
func noRetryOptions(change func(*Options)) Options {
	return *options(func(o *Options) {
		o.Retries, o.Adaptive = 0, false
		if change != nil {
			change(o)
		}
	})
}
