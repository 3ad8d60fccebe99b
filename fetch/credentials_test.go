package fetch

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"batchfetch/fetch/cookiejar"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/login"
	"batchfetch/fetch/netrc"
)

// TestAuthorizationPrecedence checks which credentials are sent: a header of the user's own before the URL's userinfo,
// that before Username, that before the netrc.
func TestAuthorizationPrecedence(t *testing.T) {
	netrc, err := netrc.Parse([]byte("machine a.test login net password rc\ndefault login any password one"))
	if err != nil {
		t.Fatal(err)
	}
	user := func(o *Options) { o.Username, o.Password = "us", "er" }
	header := func(o *Options) { o.Header = http.Header{"Authorization": {"flag"}} }
	none := func(o *Options) { o.Header = http.Header{"Authorization": nil} }
	rc := func(o *Options) { o.Netrc = netrc }
	line := http.Header{"Authorization": {"line"}}
	for _, tt := range []struct {
		name, url string
		header    http.Header
		change    []func(*Options)
		want      string
	}{
		{"nobody", "http://a.test/", nil, nil, ""},
		{"netrc", "http://a.test/", nil, []func(*Options){rc}, dial.BasicAuth("net", "rc")},
		{"netrc at any port", "https://A.test:8443/", nil, []func(*Options){rc}, dial.BasicAuth("net", "rc")},
		{"netrc's default", "http://b.test/", nil, []func(*Options){rc}, dial.BasicAuth("any", "one")},
		{"-u over netrc", "http://a.test/", nil, []func(*Options){rc, user}, dial.BasicAuth("us", "er")},
		{"URL over -u", "http://ur:l@a.test/", nil, []func(*Options){rc, user}, dial.BasicAuth("ur", "l")},
		{"URL over netrc", "http://ur:@a.test/", nil, []func(*Options){rc}, dial.BasicAuth("ur", "")},
		{"the URL's user with netrc's password", "http://net@a.test/", nil, []func(*Options){rc},
			dial.BasicAuth("net", "rc")},
		{"a user that netrc does not know", "http://ur@a.test/", nil, []func(*Options){rc}, dial.BasicAuth("ur", "")},
		{"the URL's user alone", "http://ur@a.test/", nil, nil, dial.BasicAuth("ur", "")},
		{"-H over all", "http://ur:l@a.test/", nil, []func(*Options){rc, user, header}, "flag"},
		{"-H over netrc", "http://a.test/", nil, []func(*Options){rc, header}, "flag"},
		{"-H takes all away", "http://ur:l@a.test/", nil, []func(*Options){rc, user, none}, ""},
		{"a line over all", "http://ur:l@a.test/", line, []func(*Options){rc, user, header}, "line"},
		{"a line over netrc", "http://a.test/", line, []func(*Options){rc}, "line"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tg := newTargeter(options(func(o *Options) {
				for _, change := range tt.change {
					change(o)
				}
			}))
			to, err := tg.newTarget(&Request{URL: tt.url, Header: tt.header})
			if err != nil {
				t.Fatal(err)
			}
			if got := to.Header.Get("Authorization"); got != tt.want || to.URL.User != nil {
				t.Errorf("got %q at %s, want %q", got, to.URL, tt.want)
			}
		})
	}
}

// TestPageOfAnotherHost checks that a page on another origin gets what a redirect to there would.
func TestPageOfAnotherHost(t *testing.T) {
	file, err := netrc.Parse([]byte("machine a.test login net password rc\ndefault login any password one"))
	if err != nil {
		t.Fatal(err)
	}
	tg := newTargeter(options(func(o *Options) { o.Netrc, o.Username = file, "flag" }))
	for address, want := range map[string]string{
		"https://a.test/": dial.BasicAuth("net", "rc"), "http://a.test/": "", "https://b.test/": "",
	} {
		to, err := tg.newTarget(&Request{URL: address, OmitCredentials: true})
		if got := to.Header.Get("Authorization"); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", address, got, err, want)
		}
	}
}

// BenchmarkTarget measures making a target and its header, without and with a netrc and a Jar.
func BenchmarkTarget(b *testing.B) {
	netrc, err := netrc.Parse([]byte("machine a.test login ann password one"))
	if err != nil {
		b.Fatal(err)
	}
	for name, change := range map[string]func(*Options){
		"plain": nil,
		"netrc": func(o *Options) { o.Netrc = netrc },
		"jar":   func(o *Options) { o.Jar = cookiejar.New() },
	} {
		b.Run(name, func(b *testing.B) {
			o := options(change)
			tg, x := newTargeter(o), exchange{options: o}
			if o.Jar != nil {
				o.Jar.SetCookies(&url.URL{Scheme: "http", Host: "a.test", Path: "/"}, []string{"k=v"}, time.Now())
			}
			r := Request{URL: "http://a.test/"}
			if err := r.parse(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				to, err := tg.newTarget(&r)
				if err != nil {
					b.Fatal(err)
				}
				x.to = &to
				withCookies(o, x.requestHeader(), &to)
			}
		})
	}
}

// TestLoginsOfHosts checks which login a host has: that of its entry in the hosts file, with its scheme, in place of
// the run's; and which of them goes there after a redirect from another host.
func TestLoginsOfHosts(t *testing.T) {
	keys := login.Keys{ID: "id", Secret: "key"}
	rules, err := NewHostRules([]HostRule{
		{"digest.test", HostSettings{Username: "u", Password: "p", Digest: true, Login: true}},
		{"basic.test", HostSettings{Username: "u", Password: "p", Login: true}},
		{"signed.test", HostSettings{SigV4: &SigV4{login.Scope{Region: "r", Service: "s"}, keys}, Login: true}},
		{"bearer.test", HostSettings{Bearer: "token", Login: true}},
		{"both.test", HostSettings{Digest: true}},
		{"apart.test", HostSettings{Username: "u", Password: "p", Digest: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := options(func(o *Options) {
		o.Hosts, o.Username, o.Password, o.SigV4 = rules, "run", "ner", &SigV4{Scope: login.Scope{Region: "r", Service: "s"}}
	})
	targets := newTargeter(o)
	show := func(h http.Header, p *prover) string {
		if p != nil {
			return p.identity()
		}
		return h.Get("Authorization")
	}
	for host, want := range map[string][2]string{ // of a URL, and after a redirect
		"digest.test": {"digest u:p", "digest u:p"},
		"basic.test":  {"Basic dTpw", "Basic dTpw"},
		"signed.test": {"sigv4 id key ", "sigv4 id key "},
		"bearer.test": {"Bearer token", "Bearer token"},
		"both.test":   {"digest run:ner", ""},
		"apart.test":  {"digest u:p", ""},
		"other.test":  {"sigv4 run ner ", ""},
	} {
		to, err := targets.newTarget(&Request{URL: "https://" + host + "/"})
		if err != nil {
			t.Fatal(err)
		}
		if got := show(to.Header, to.prover); got != want[0] {
			t.Errorf("%s has the login %q, want %q", host, got, want[0])
		}
		if got := show(targets.credentials.withHostSecrets(http.Header{}, to.URL, "GET")); got != want[1] {
			t.Errorf("%s has the login %q after a redirect, want %q", host, got, want[1])
		}
	}
}
