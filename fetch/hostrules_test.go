package fetch

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/httpurl"
)

// TestMostExactRule checks which of several patterns applies to an origin.
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
		{"http://api.example.com:8080/", "api.example.com"}, // the name takes precedence over the port
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
		{"http://example.com/", "*"}, // *.example.com does not match example.com
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

// TestMostExactPath checks which of several patterns with a path applies to a URL.
func TestMostExactPath(t *testing.T) {
	patterns := []string{
		"api.test/search", "api.test/search/code/", "https://api.test/search", "api.test:8443/search", "api.test",
		"*.test", "other.test/a%20b",
	}
	var rules []HostRule
	for _, pattern := range patterns {
		rules = append(rules, HostRule{pattern, HostSettings{Retries: new(len(rules))}})
	}
	h, err := NewHostRules(rules)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ url, want, path string }{
		{"http://api.test/search", "api.test/search", "/search"},
		{"http://API.test./search/", "api.test/search", "/search"},
		{"http://api.test/search?q=1", "api.test/search", "/search"},
		{"http://api.test/search/users", "api.test/search", "/search"},
		{"https://api.test/search/users", "https://api.test/search", "/search"},
		{"https://api.test:8443/search/users", "api.test:8443/search", "/search"},
		{"https://api.test/search/code/1", "api.test/search/code/", "/search/code"},
		{"http://other.test/a%20b/c", "other.test/a%20b", "/a b"},
		{"http://api.test/searching", "", ""},
		{"http://api.test/", "", ""},
		{"http://api.test", "", ""},
		{"http://api.test/v1/search", "", ""},
		{"http://www.test/search", "", ""},
	} {
		u, err := httpurl.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		got, path := h.OfPath(httpurl.Origin(u), u.Path)
		if (got == nil) != (tt.want == "") || got != nil && patterns[*got.Retries] != tt.want || path != tt.path {
			t.Errorf("%s: %+v, %q, want %s", tt.url, got, path, tt.want)
		}
	}
}

// TestRulesThatCantBe checks that all mistakes are reported at once, each by the index and key of its rule, and that no
// error repeats a value.
func TestRulesThatCantBe(t *testing.T) {
	few, negative, before := 0, -1.0, -time.Second
	rules := []HostRule{
		{Pattern: "good.test"},
		{Pattern: "GOOD.test."},
		{Pattern: "s3cret:word@a.test"},
		{Pattern: "a.test/s3cret?x"},
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
		{Pattern: "2.test", HostSettings: HostSettings{Rate: &negative, Timeout: &before, StallTimeout: &before,
			ConnectTimeout: &before}},
		{Pattern: "3.test", HostSettings: HostSettings{Header: http.Header{"X-A": {"s3cret\r\nB: c"}}}},
		{Pattern: "4.test", HostSettings: HostSettings{Header: http.Header{"X A": nil}}},
		{Pattern: "5.test", HostSettings: HostSettings{Header: http.Header{"Authorization": {"s3cret"}}, Password: "s3cret"}},
		{Pattern: "6.test", HostSettings: HostSettings{Retries: new(-1)}},
		{Pattern: "7.test/"},
		{Pattern: "7.test/s3cret#x"},
		{Pattern: "7.test/s3cret/../x"},
		{Pattern: "7.test/s3cret//x"},
		{Pattern: "7.test/s3cret*"},
		{Pattern: "7.test/s3cret%"},
		{Pattern: "*.test/s3cret"},
		{Pattern: "8.test/x"},
		{Pattern: "8.TEST/x/"},
		{Pattern: "9.test/x", HostSettings: HostSettings{Header: http.Header{"X-A": {"s3cret"}}, Username: "s3cret",
			Password: "s3cret", ConnectTimeout: new(time.Second)}},
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
	want := "|[]|[]|[]|[]|[]|[]|[]|[]|[]|[]|[]|[]|[concurrency]|" +
		"[rate][connect_timeout][stall_timeout][timeout]|[headers]|[headers]|[user]|[retries]|" +
		"[]|[]|[]|[]|[]|[]|[]||[]|[headers][user][password][connect_timeout]"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
}

// FuzzHostPattern checks that a pattern that is accepted matches the host that it names, and that an error repeats
// nothing of the pattern.
func FuzzHostPattern(f *testing.F) {
	for _, seed := range []string{"a.test", "*.a.test", "*", "*:80", "https://a.test", "[::1]:8080", "http://[::1%25eth0]",
		"ü.test:1", "a.test.", "user:pass@a.test", "*.*", "a..b", "://", "http://",
		"a.test/b", "a.test:1/b/c/", "a.test/..", "a.test/%2e%2e", "https://a.test/b%2fc", "[::1]/b", "a].."} {
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
		if err == nil && p.path != "" {
			if s, path := h.OfPath(scheme+"://"+host+port, p.path+"/x"); s == nil || path != p.path {
				t.Errorf("%q is %+v, and not found", text, p)
			}
			return
		}
		if err != nil || h.Of(scheme+"://"+host+port) == nil {
			t.Errorf("%q is %+v, and not found at %s://%s%s: %v", text, p, scheme, host, port, err)
		}
	})
}
