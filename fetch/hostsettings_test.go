package fetch

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/plan"
)

// TestHostPolicy checks that a target has the retries of its host, if the host has its own.
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

// TestSettingsOfAPath checks that a URL has the settings of the longest path, else those of its host, else the run's;
// that its lane has limits by them; and that credentials are the host's.
func TestSettingsOfAPath(t *testing.T) {
	rules, err := NewHostRules([]HostRule{
		{"a.test", HostSettings{Retries: new(7), Concurrency: new(4), Username: "me"}},
		{"a.test/search", HostSettings{Rate: new(0.5)}},
		{"a.test/search/code", HostSettings{Retries: new(9), Concurrency: new(1)}},
		{"b.test/search", HostSettings{Retries: new(8)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := options(func(o *Options) { o.Hosts, o.HostConcurrency, o.HostRate, o.RetryMaxDelay = rules, 10, 2, time.Minute })
	targets := newTargeter(o)
	limits := func(concurrency int, rate float64, within string) plan.HostLimits {
		return plan.HostLimits{Concurrency: concurrency, Rate: rate, RetryMaxDelay: time.Minute, Within: within}
	}
	for _, tt := range []struct {
		url, lane string
		retries   int
		limits    plan.HostLimits
	}{
		{"http://a.test/x", "http://a.test", 7, limits(4, 2, "http://a.test")},
		{"http://a.test/searching", "http://a.test", 7, limits(4, 2, "http://a.test")},
		{"http://a.test/search/x?y", "http://a.test/search", 7, limits(4, 0.5, "http://a.test")},
		{"http://a.test/search/code", "http://a.test/search/code", 9, limits(1, 2, "http://a.test")},
		{"http://b.test/search", "http://b.test/search", 8, limits(10, 2, "http://b.test")},
		{"http://b.test/x", "http://b.test", 3, limits(10, 2, "http://b.test")},
		{"http://c.test/search", "http://c.test", 3, limits(10, 2, "")},
	} {
		to, err := targets.newTarget(&Request{URL: tt.url})
		if err != nil || to.policy.Retries != tt.retries || to.lane != tt.lane || o.hostLimits(to.lane) != tt.limits {
			t.Errorf("%s: lane %s with %+v, %d retries, %v", tt.url, to.lane, o.hostLimits(to.lane), to.policy.Retries, err)
		}
		if login := to.Header.Get("Authorization"); (login != "") != strings.Contains(tt.url, "a.test") {
			t.Errorf("%s: Authorization %q", tt.url, login)
		}
	}
}

// TestLimitsOfAShare checks that hosts of one share have the least rate that any of them has, and their own number of
// exchanges at once.
func TestLimitsOfAShare(t *testing.T) {
	rules, err := NewHostRules([]HostRule{
		{"a.test", HostSettings{Share: "x", Concurrency: new(4), Rate: new(0.0)}},
		{"*.a.test", HostSettings{Share: "x", Rate: new(5.0)}},
		{"b.test", HostSettings{Share: "x", Rate: new(3.0)}},
		{"b.test/part", HostSettings{Concurrency: new(1)}},
		{"c.test", HostSettings{Share: "y"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := options(func(o *Options) { o.Hosts, o.HostConcurrency, o.HostRate = rules, 10, 2 })
	for lane, want := range map[string]plan.HostLimits{
		"http://a.test":      {Concurrency: 4, Rate: 3, Share: "x"},
		"https://b.a.test":   {Concurrency: 10, Rate: 3, Share: "x"},
		"http://b.test":      {Concurrency: 10, Rate: 3, Share: "x", Within: "http://b.test"},
		"http://b.test/part": {Concurrency: 1, Rate: 3, Within: "http://b.test"},
		"http://c.test":      {Concurrency: 10, Rate: 2, Share: "y"},
		"http://d.test":      {Concurrency: 10, Rate: 2},
	} {
		want.RetryMaxDelay = o.RetryMaxDelay
		if got := o.hostLimits(lane); got != want {
			t.Errorf("%s: %+v, want %+v", lane, got, want)
		}
	}
}

// TestAuthorizationOfAListedHost checks the precedence: a line's header, then the host's, then the run's; and of the
// credentials the URL's before the host's.
func TestAuthorizationOfAListedHost(t *testing.T) {
	login := HostSettings{Username: "ho", Password: "st"}
	header := HostSettings{Header: http.Header{"Authorization": {"host"}, "X-A": {"host"}, "Accept": nil}}
	for _, tt := range []struct {
		name, url string
		own       HostSettings
		line      http.Header
		flag      bool // a header Authorization for all
		want      string
	}{
		{"-u", "http://a.test/", HostSettings{}, nil, false, dial.BasicAuth("us", "er")},
		{"the host's login over -u", "http://a.test/", login, nil, false, dial.BasicAuth("ho", "st")},
		{"the host's login over -H", "http://a.test/", login, nil, true, dial.BasicAuth("ho", "st")},
		{"the URL's over the host's login", "http://ur:l@a.test/", login, nil, true, dial.BasicAuth("ur", "l")},
		{"the host's header over -H", "http://a.test/", header, nil, true, "host"},
		{"the host's header over the URL's login", "http://ur:l@a.test/", header, nil, false, "host"},
		{"the line's over the host's header", "http://a.test/", header, http.Header{"Authorization": {"line"}}, true, "line"},
		{"the line's over the host's login", "http://a.test/", login, http.Header{"Authorization": {"line"}}, true, "line"},
		{"taken away", "http://a.test/", HostSettings{Header: http.Header{"Authorization": nil}}, nil, true, ""},
		{"another host", "http://b.test/", login, nil, false, dial.BasicAuth("us", "er")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rules, err := NewHostRules([]HostRule{{Pattern: "a.test", HostSettings: tt.own}})
			if err != nil {
				t.Fatal(err)
			}
			tg := newTargeter(options(func(o *Options) {
				o.Hosts, o.Username, o.Password = rules, "us", "er"
				o.Header = http.Header{"X-A": {"run"}, "X-B": {"run"}}
				if tt.flag {
					o.Header["Authorization"] = []string{"run"}
				}
			}))
			to, err := tg.newTarget(&Request{URL: tt.url, Header: tt.line})
			if err != nil {
				t.Fatal(err)
			}
			if got := to.Header.Get("Authorization"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if to.Header.Get("X-B") != "run" || len(tt.own.Header) > 1 &&
				(to.Header.Get("X-A") != "host" || to.Header["Accept"] != nil) {
				t.Errorf("headers are %v", to.Header)
			}
		})
	}
}

// TestListedHostHasLimitsOfItsOwn checks that a listed host has its own concurrency and rate, and all others those of
// the run.
func TestListedHostHasLimitsOfItsOwn(t *testing.T) {
	rules, err := NewHostRules([]HostRule{
		{Pattern: "wide.test", HostSettings: HostSettings{Concurrency: new(3)}},
		{Pattern: "slow.test", HostSettings: HostSettings{Rate: new(1.0)}},
		{Pattern: "free.test", HostSettings: HostSettings{Rate: new(0.0), Concurrency: new(5)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := options(func(o *Options) { o.Hosts, o.HostConcurrency, o.HostRate = rules, 1, 100 })
	p, now := plan.New(o.limits(), nil), noon
	for _, host := range []string{"wide.test", "slow.test", "free.test", "else.test"} {
		for range 5 {
			p.Add(&plan.Task{Owner: host}, "http://"+host, now)
		}
	}
	running := make(map[string][]*plan.Task)
	start := func() string {
		var hosts []string
		for t, _ := p.Next(now); t != nil; t, _ = p.Next(now) {
			host := t.Owner.(string)
			running[host], hosts = append(running[host], t), append(hosts, host)
		}
		return strings.Join(hosts, " ")
	}
	for range 20 { // the pace allows one every 10 ms, but no exchange has ended
		start()
		now = now.Add(10 * time.Millisecond)
	}
	want := map[string]int{"wide.test": 3, "slow.test": 1, "free.test": 5, "else.test": 1}
	for host, n := range want {
		if len(running[host]) != n || len(running) != len(want) {
			t.Errorf("started %v, want %v", running, want)
		}
	}
	p.Done(running["slow.test"][0], now)
	if got := start(); got != "" {
		t.Errorf("a second is not over: started %s", got)
	}
	now = now.Add(time.Second)
	if got := start(); got != "slow.test" {
		t.Errorf("a second is over: started %s", got)
	}
}

// TestListedHostHasTimesOfItsOwn checks that a listed host has its own timeouts.
func TestListedHostHasTimesOfItsOwn(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never responds
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	address := silent.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	rules, err := NewHostRules([]HostRule{
		{Pattern: "https://" + address, HostSettings: HostSettings{ConnectTimeout: new(30 * time.Millisecond),
			Retries: new(1)}},
		{Pattern: "http://" + address, HostSettings: HostSettings{Timeout: new(50 * time.Millisecond), Retries: new(1)}},
		{Pattern: "localhost:" + port, HostSettings: HostSettings{StallTimeout: new(40 * time.Millisecond), Retries: new(0)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := noRetryOptions(func(o *Options) {
		o.Hosts, o.Retries = rules, 5
		o.ConnectTimeout, o.Timeout, o.StallTimeout = time.Hour, time.Hour, time.Hour
	})
	for _, tt := range []struct {
		url, want string
		attempts  int
	}{
		{"https://" + address, "not done within 30ms (--connect-timeout)", 2},
		{"http://" + address, "not done within 50ms (--timeout)", 2},
		{"http://localhost:" + port, "no data for 40ms (--stall-timeout)", 1},
		{"http://LOCALHOST.:" + port, "no data for 40ms (--stall-timeout)", 1},
	} {
		var got *Record
		sink := SinkFunc(func(r *Record) error { got = r; return nil })
		if _, err := Run(t.Context(), urls(1, tt.url), sink, o); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(got.Failure.Error(), tt.want) || got.Attempts != tt.attempts {
			t.Errorf("%s: %v after %d, want %s after %d", tt.url, got.Failure, got.Attempts, tt.want, tt.attempts)
		}
	}
}
