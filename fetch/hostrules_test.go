package fetch

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/plan"
)

// TestMostExactRule: which of several patterns counts for an origin.
func TestMostExactRule(t *testing.T) {
	patterns := []string{
		"api.example.com", "api.example.com:8443", "http://api.example.com:8443", "https://api.example.com",
		"*.example.com", "*.eu.example.com", "http://*.eu.example.com", "*:8080", "*",
		"Bücher.example", "*.straße.example", "192.0.2.1", "[2001:DB8:0::1]", "[2001:db8::1]:8443", "localhost",
	}
	var rules []HostRule
	for _, pattern := range patterns {
		rules = append(rules, HostRule{Pattern: pattern, HostSettings: HostSettings{Username: pattern}})
	}
	h, err := NewHostRules(rules)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ url, want string }{
		{"http://api.example.com/", "api.example.com"},
		{"http://API.Example.COM:80/", "api.example.com"},
		{"http://api.example.com./", "api.example.com"},
		{"http://api.example.com:8080/", "api.example.com"}, // the name counts for more than the port
		{"https://api.example.com/", "https://api.example.com"},
		{"https://api.example.com:443/", "https://api.example.com"},
		{"https://api.example.com:444/", "api.example.com"},
		{"https://api.example.com:8443/", "api.example.com:8443"},
		{"http://api.example.com:8443/", "http://api.example.com:8443"},
		{"http://www.example.com/", "*.example.com"},
		{"http://a.b.example.com/", "*.example.com"},
		{"http://a.eu.example.com/", "http://*.eu.example.com"},
		{"https://a.eu.example.com/", "*.eu.example.com"},
		{"http://a.eu.example.com:8080/", "*.eu.example.com"},
		{"http://eu.example.com/", "*.example.com"},
		{"http://example.com/", "*"}, // is not below itself
		{"http://wwwexample.com/", "*"},
		{"http://api.example.com.evil.test/", "*"},
		{"http://example.com:8080/", "*:8080"},
		{"https://bücher.example/", "Bücher.example"},
		{"https://xn--bcher-kva.example/", "Bücher.example"},
		{"https://a.strasse.example/", "*"},
		{"https://a.straße.example/", "*.straße.example"},
		{"https://192.0.2.1/", "192.0.2.1"},
		{"https://192.0.2.2/", "*"},
		{"https://[2001:db8::1]/", "[2001:DB8:0::1]"},
		{"https://[2001:0db8::1]/", "[2001:DB8:0::1]"},
		{"https://[2001:db8::1]:8443/", "[2001:db8::1]:8443"},
		{"https://[2001:db8::2]:8080/", "*:8080"},
		{"https://localhost/", "localhost"},
	} {
		u, err := httpurl.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.Of(httpurl.Origin(u)); got == nil || got.Username != tt.want {
			t.Errorf("%s: %+v, want %s", tt.url, got, tt.want)
		}
	}
}

func TestNoRule(t *testing.T) {
	some, err := NewHostRules([]HostRule{{Pattern: "a.test"}, {Pattern: "*.b.test"}})
	if err != nil {
		t.Fatal(err)
	}
	none, err := NewHostRules(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []*HostRules{nil, none, some} {
		for _, origin := range []string{"http://c.test", "http://b.test:8080", "https://[::1]", ""} {
			if got := h.Of(origin); got != nil {
				t.Errorf("%q: %+v", origin, got)
			}
		}
	}
}

// TestRulesThatCantBe: all at once, each by its place and key, and nothing of what stands there.
func TestRulesThatCantBe(t *testing.T) {
	few, negative, before := 0, -1.0, -time.Second
	rules := []HostRule{
		{Pattern: "good.test"},
		{Pattern: "GOOD.test."},
		{Pattern: "s3cret:word@a.test"},
		{Pattern: "a.test/s3cret"},
		{Pattern: "ftp://a.test"},
		{Pattern: ""},
		{Pattern: "*a.test"},
		{Pattern: "a.*.test"},
		{Pattern: "*.*.test"},
		{Pattern: "*."},
		{Pattern: "a b.test"},
		{Pattern: "a.test:0"},
		{Pattern: "a.test:s3cret"},
		{Pattern: "1.test", HostSettings: HostSettings{Concurrency: &few}},
		{Pattern: "2.test", HostSettings: HostSettings{Rate: &negative, Timeout: &before, StallTimeout: &before, ConnectTimeout: &before}},
		{Pattern: "3.test", HostSettings: HostSettings{Header: http.Header{"X-A": {"s3cret\r\nB: c"}}}},
		{Pattern: "4.test", HostSettings: HostSettings{Header: http.Header{"X A": nil}}},
		{Pattern: "5.test", HostSettings: HostSettings{Header: http.Header{"Authorization": {"s3cret"}}, Password: "s3cret"}},
		{Pattern: "6.test", HostSettings: HostSettings{Retries: new(-1)}},
	}
	h, err := NewHostRules(rules)
	if h != nil || err == nil {
		t.Fatal("they are taken")
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a secret in %v", err)
	}
	got := make([]string, len(rules))
	for _, each := range err.(interface{ Unwrap() []error }).Unwrap() {
		var mistake *HostRuleError
		if !errors.As(each, &mistake) {
			t.Fatalf("%T", each)
		}
		got[mistake.Rule] += "[" + mistake.Key + "]"
	}
	want := "|[]|[]|[]|[]|[]|[]|[]|[]|[]|[]|[]|[]|[concurrency]|[rate][connect_timeout][stall_timeout][timeout]|[headers]|[headers]|[user]|[retries]"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
}

// TestWhoAsksAListedHost: a line's header, then the host's, then the run's; and of the credentials the URL's own before the host's.
func TestWhoAsksAListedHost(t *testing.T) {
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
			if to.Header.Get("X-B") != "run" || len(tt.own.Header) > 1 && (to.Header.Get("X-A") != "host" || to.Header["Accept"] != nil) {
				t.Errorf("headers are %v", to.Header)
			}
		})
	}
}

// TestListedHostHasLimitsOfItsOwn: its slots and its pace, while all others have the run's.
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
	for range 20 { // its own 10 ms are over, but no exchange has ended
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

// TestListedHostHasTimesOfItsOwn: for its connections and its exchanges.
func TestListedHostHasTimesOfItsOwn(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	address := mute.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	rules, err := NewHostRules([]HostRule{
		{Pattern: "https://" + address, HostSettings: HostSettings{ConnectTimeout: new(30 * time.Millisecond), Retries: new(1)}},
		{Pattern: "http://" + address, HostSettings: HostSettings{Timeout: new(50 * time.Millisecond), Retries: new(1)}},
		{Pattern: "localhost:" + port, HostSettings: HostSettings{StallTimeout: new(40 * time.Millisecond), Retries: new(0)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := quick(func(o *Options) {
		o.Hosts, o.Retries = rules, 5
		o.ConnectTimeout, o.Timeout, o.StallTimeout = time.Hour, time.Hour, time.Hour
	})
	for _, tt := range []struct {
		url, want string
		attempts  int
	}{
		{"https://" + address, "connect-timeout 30ms met", 2},
		{"http://" + address, "timeout 50ms met", 2},
		{"http://localhost:" + port, "stall-timeout 40ms met", 1},
		{"http://LOCALHOST.:" + port, "stall-timeout 40ms met", 1},
	} {
		var got *Record
		if _, err := Run(t.Context(), urls(1, tt.url), SinkFunc(func(r *Record) error { got = r; return nil }), o); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(got.Failure.Error(), tt.want) || got.Attempts != tt.attempts {
			t.Errorf("%s: %v after %d, want %s after %d", tt.url, got.Failure, got.Attempts, tt.want, tt.attempts)
		}
	}
}

// FuzzHostPattern: what is taken finds the host that it names, and an error repeats nothing.
func FuzzHostPattern(f *testing.F) {
	for _, seed := range []string{"a.test", "*.a.test", "*", "*:80", "https://a.test", "[::1]:8080", "http://[::1%25eth0]", "ü.test:1", "a.test.", "user:pass@a.test", "*.*", "a..b", "://", "http://"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseHostPattern(text)
		if err != nil {
			const mark = "zq7secretx9k"
			if _, err := parseHostPattern(mark + ":" + mark + "@" + text); err == nil || strings.Contains(err.Error(), mark) {
				t.Errorf("%q with a user in front: %v", text, err)
			}
			return
		}
		scheme, host, port := p.scheme, strings.Replace(p.name, "*", "x", 1), p.port
		if scheme == "" {
			scheme = "https"
		}
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		if port != "" {
			port = ":" + port
		}
		h, err := NewHostRules([]HostRule{{Pattern: text}})
		if err != nil || h.Of(scheme+"://"+host+port) == nil {
			t.Errorf("%q is %+v, and not found at %s://%s%s: %v", text, p, scheme, host, port, err)
		}
	})
}
