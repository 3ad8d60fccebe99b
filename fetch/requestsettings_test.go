package fetch

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/transport"
)

// TestRequestSettingsWin checks that the settings of a line win over those of its host and of the run, on the first URL
// and where redirects and pages lead, and that what they leave out is the host's.
func TestRequestSettingsWin(t *testing.T) {
	rules, err := NewHostRules([]HostRule{{Pattern: "*", HostSettings: HostSettings{Timeout: new(time.Minute),
		AcceptStatus: new(judge.Statuses{{404, 404}}), Retries: new(7)}}})
	if err != nil {
		t.Fatal(err)
	}
	o := options(func(o *Options) { o.Hosts, o.HTTPProxy, o.NoProxy = rules, "http://run.test:1", "near.test" })
	targets := newTargeter(o)
	request := Request{URL: "http://a.test/", Settings: &RequestSettings{Timeout: new(time.Second),
		AcceptStatus: judge.Statuses{{418, 418}}, MaxBody: new(int64(5)), Proxy: new("http://own.test:1")}}
	check := func(where string, to *target) {
		t.Helper()
		if to.options.Timeout != time.Second || to.options.MaxBody != 5 || to.options.AcceptStatus.String() != "418" ||
			to.policy.AcceptStatus.String() != "418" || to.policy.Retries != 7 || *to.Timeout != time.Second ||
			to.Route == nil || to.options.HTTPProxy != "http://own.test:1" {
			t.Errorf("%s: %+v %+v", where, to.options, to.policy)
		}
	}
	to, err := targets.newTarget(&request)
	if err != nil {
		t.Fatal(err)
	}
	check("the URL", &to)
	moved := newTask(request)
	moved.target = to
	redirects := redirector{targets, transport.New(o.transportConfig(dial.Network{}))}
	redirects.follow(moved, http.StatusFound, http.Header{"Location": {"//b.test/"}}, "")
	if moved.URL.Host != "b.test" {
		t.Fatalf("%v", moved.Verdict.Failure)
	}
	check("a redirect", &moved.target)
	page := request.AtPage(Page{Number: 2, URL: "http://a.test/2"})
	if to, err = targets.newTarget(&page); err != nil {
		t.Fatal(err)
	}
	check("a page", &to)
	if to, err = targets.newTarget(&Request{URL: "http://a.test/"}); err != nil || to.Route != nil ||
		to.options.Timeout != time.Minute || to.policy.AcceptStatus.String() != "404" {
		t.Errorf("another line: %+v, %v", to.options, err)
	}
}

// TestProxyOfLineRefused checks that a line has no proxy where the options exclude one, and that a line without one, or
// with none, is requested.
func TestProxyOfLineRefused(t *testing.T) {
	for name, o := range map[string]*Options{
		"deny":        options(func(o *Options) { o.Private = dial.PrivateDeny }),
		"unix-socket": options(func(o *Options) { o.UnixSocket = "/x" }),
	} {
		for proxy, refused := range map[string]bool{"": false, "http://u:s3cret@p.test": true} {
			_, err := newTargeter(o).newTarget(&Request{URL: "http://a.test/", Settings: &RequestSettings{Proxy: &proxy}})
			if (err != nil) != refused || refused && (!strings.Contains(err.Error(), name) ||
				strings.Contains(err.Error(), "s3cret")) {
				t.Errorf("%s, proxy %q: %v", name, proxy, err)
			}
		}
	}
}

// TestIdentityOfProxy checks that the proxy of a line tells two lines apart, by its user but not its password, and that
// other settings don't.
func TestIdentityOfProxy(t *testing.T) {
	text := func(s *RequestSettings) string {
		return string((&Request{URL: "http://a.test/", Settings: s}).AppendCanonical(nil))
	}
	plain := text(nil)
	if other := text(&RequestSettings{Timeout: new(time.Second), MaxBody: new(int64(1))}); other != plain {
		t.Errorf("a timeout makes %q of %q", other, plain)
	}
	direct, de := text(&RequestSettings{Proxy: new("")}), text(&RequestSettings{Proxy: new("de:s3cret@p.test")})
	us, again := text(&RequestSettings{Proxy: new("us:s3cret@p.test")}), text(&RequestSettings{Proxy: new("us:x@p.test")})
	if plain == direct || direct == de || de == us || us != again || strings.Contains(us, "s3cret") {
		t.Errorf("%q %q %q %q %q", plain, direct, de, us, again)
	}
}
