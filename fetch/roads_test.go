package fetch

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/transport"
)

var privacyNames = map[string][][]string{
	"inside.test":  {{"127.0.0.1"}},
	"outside.test": {{"127.0.0.2"}},
	"mixed.test":   {{"127.0.0.1", "127.0.0.2"}},
	"rebound.test": {{"127.0.0.2"}, {"127.0.0.1"}},
}

// via is a URL of the first host that leads over the others; ~ stands for the port.
func via(port string, hosts ...string) string {
	text := ""
	for i := len(hosts) - 1; i >= 0; i-- {
		next := "http://" + strings.ReplaceAll(hosts[i], "~", port) + "/"
		if text != "" {
			next += "?to=" + url.QueryEscape(text)
		}
		text = next
	}
	return text
}

// TestPrivateRedirects: who may lead where.
func TestPrivateRedirects(t *testing.T) {
	const home, away = "127.0.0.1:~", "127.0.0.2:~"
	for _, tt := range []struct {
		name string
		path []string
		want string // the message of a blocked address; "" is a success
	}{
		{"the input may name anything", []string{home}, ""},
		{"private to private", []string{home, home}, ""},
		{"private to public", []string{home, away}, ""},
		{"public to public", []string{away, away}, ""},
		{"public to public, by name", []string{"outside.test:~", "outside.test:~"}, ""},
		{"public to a name of which one address is public", []string{away, "mixed.test:~"}, ""},
		{"public to private", []string{away, home}, "127.0.0.1 (loopback) is not public, and a public page redirected to it"},
		{"private to public to private", []string{home, away, home}, "127.0.0.1 (loopback) is not public, and a public page redirected to it"},
		{"public to public to private", []string{away, away, home}, "127.0.0.1 (loopback) is not public, and a public page redirected to it"},
		{"public to a private name", []string{away, "inside.test:~"}, "127.0.0.1 (loopback), the address of inside.test, is not public, and a public page redirected to it"},
		{"public to localhost", []string{away, "localhost:~"}, "127.0.0.1 (loopback), the address of localhost, is not public, and a public page redirected to it"},
		{"public to below localhost", []string{away, "a.localhost:~"}, "127.0.0.1 (loopback), the address of a.localhost, is not public, and a public page redirected to it"},
		{"a name that changes its address", []string{"rebound.test:~", "rebound.test:~"}, "127.0.0.1 (loopback), the address of rebound.test, is not public, and a public page redirected to it"},
		{"decimal", []string{away, "2130706433:~"}, "127.0.0.1 (loopback), the address of 2130706433, is not public, and a public page redirected to it"},
		{"mapped", []string{away, "[::ffff:127.0.0.1]:~"}, "127.0.0.1 (loopback), the address of ::ffff:127.0.0.1, is not public, and a public page redirected to it"},
		{"metadata", []string{away, "169.254.169.254"}, "169.254.169.254 (link-local) is not public, and a public page redirected to it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := build(t, nil)
			o := quick(func(o *Options) { o.Retries = 2 })
			r := along(t, o, publicly(t, privacyNames), via(h.port, tt.path...)).records[0]
			switch {
			case tt.want == "" && r.Failure != nil:
				t.Errorf("got %s: %v", kindOf(r), r.Failure)
			case tt.want != "" && (kindOf(r) != failure.BlockedAddress || r.Failure.Error() != tt.want):
				t.Errorf("got %s: %v", kindOf(r), r.Failure)
			case r.Attempts != 1 || r.Redirects != len(tt.path)-1:
				t.Errorf("%d attempts, %d redirects", r.Attempts, r.Redirects)
			}
			o.Private = dial.PrivateAllow
			if !strings.HasPrefix(tt.path[len(tt.path)-1], "169.254") {
				if r := along(t, o, publicly(t, privacyNames), via(h.port, tt.path...)).records[0]; r.Failure != nil {
					t.Errorf("where all is allowed: %v", r.Failure)
				}
			}
		})
	}
}

// TestUsedConnectionIsNoWayIn: what the input opened to a private address is not there for a public page's redirect,
// nor is the connection to a name that had a private address.
func TestUsedConnectionIsNoWayIn(t *testing.T) {
	for version, choice := range map[string]transport.Version{"HTTP/1.1": transport.HTTP1, "HTTP/2": transport.HTTP2} {
		t.Run(version, func(t *testing.T) {
			protocols := new(http.Protocols)
			protocols.SetHTTP1(true)
			protocols.SetUnencryptedHTTP2(true)
			h := build(t, protocols)
			o := quick(func(o *Options) { o.HTTP = choice })
			shelf := along(t, o, publicly(t, privacyNames),
				via(h.port, "127.0.0.1:~"), via(h.port, "inside.test:~"),
				via(h.port, "127.0.0.2:~", "127.0.0.1:~"), via(h.port, "127.0.0.2:~", "inside.test:~"), via(h.port, "127.0.0.1:~"))
			if got := shelf.kinds(); got != "ok ok blocked_address blocked_address ok" {
				t.Error(got)
			}
			if home, away := h.home.Load(), h.away.Load(); home != 3 || away != 2 {
				t.Errorf("asked %d times at home, %d away", home, away)
			}
		})
	}
}

// TestPrivateDeny: no private address is asked, whichever way it is spelled.
func TestPrivateDeny(t *testing.T) {
	h := build(t, nil)
	o := quick(func(o *Options) { o.Private, o.Retries = dial.PrivateDeny, 3 })
	o.RetryOn.Kinds = append(o.RetryOn.Kinds, failure.BlockedAddress)
	for _, host := range []string{"127.0.0.1", "127.0.0.1.", "localhost", "LOCALHOST.", "a.b.localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
		"2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "0", "[::]", "①②⑦.0.0.1", "127。0。0。1", "%31%32%37.0.0.1", "inside.test", "[64:ff9b::7f00:1]"} {
		r := along(t, o, publicly(t, privacyNames), via(h.port, host+":~")).records[0]
		if kindOf(r) != failure.BlockedAddress && kindOf(r) != failure.InvalidRequest || r.Attempts > 1 {
			t.Errorf("%s: %s after %d attempts: %v", host, kindOf(r), r.Attempts, r.Failure)
		}
	}
	if got := along(t, o, publicly(t, privacyNames), via(h.port, "127.0.0.2:~"), via(h.port, "outside.test:~", "127.0.0.2:~"), via(h.port, "mixed.test:~")).kinds(); got != "ok ok ok" {
		t.Error(got)
	}
	if asked := h.home.Load(); asked != 0 {
		t.Errorf("asked %d times at home", asked)
	}
	if says := along(t, o, publicly(t, privacyNames), "http://inside.test:"+h.port).records[0].Failure.Error(); says != "127.0.0.1 (loopback), the address of inside.test, is not public, and private is deny" {
		t.Errorf("says %q", says)
	}
}

// TestLocalhostAsksNoDNS: names below localhost are loopback, whatever a resolver says (RFC 6761 section 6.3).
func TestLocalhostAsksNoDNS(t *testing.T) {
	h := build(t, nil)
	n := publicly(t, map[string][][]string{"a.localhost": {{"127.0.0.2"}}, "localhost": {{"127.0.0.2"}}})
	if got := along(t, quick(nil), n, via(h.port, "a.localhost:~"), via(h.port, "localhost:~")).kinds(); got != "ok ok" || h.home.Load() != 2 {
		t.Errorf("%s, %d asked at home", got, h.home.Load())
	}
}

// TestResolve: addresses given for a host win over DNS, for a port and for its family; of several the first that answers.
func TestResolve(t *testing.T) {
	h := build(t, nil)
	for _, tt := range []struct {
		name, host string
		pins       []string
		with       func(*Options)
		home, away int32
		want       string
	}{
		{name: "none", host: "outside.test", away: 1},
		{name: "a host", host: "outside.test", pins: []string{"outside.test:~:127.0.0.1"}, home: 1},
		{name: "another port", host: "outside.test", pins: []string{"outside.test:1:127.0.0.1"}, away: 1},
		{name: "a host that DNS has not", host: "nowhere.test", pins: []string{"NOWHERE.test:~:127.0.0.2"}, away: 1},
		{name: "any host", host: "nowhere.test", pins: []string{"*:~:127.0.0.1"}, home: 1},
		{name: "an address", host: "192.0.2.1", pins: []string{"192.0.2.1:~:127.0.0.1"}, home: 1},
		{name: "localhost", host: "localhost", pins: []string{"localhost:~:127.0.0.2"}, away: 1},
		{name: "an international name", host: "bücher.test", pins: []string{"bücher.test:~:127.0.0.2"}, away: 1},
		{name: "an international name in ASCII", host: "bücher.test", pins: []string{"xn--bcher-kva.test:~:127.0.0.2"}, away: 1},
		{name: "the second answers", host: "outside.test", pins: []string{"outside.test:~:127.0.0.3,127.0.0.1"}, home: 1},
		{name: "over IPv4", host: "outside.test", pins: []string{"outside.test:~:[::1],127.0.0.1"}, with: func(o *Options) { o.IPv4 = true }, home: 1},
		{name: "none of the family", host: "outside.test", pins: []string{"outside.test:~:127.0.0.1"}, with: func(o *Options) { o.IPv6 = true }, want: "no IPv6 address found for outside.test"},
		{name: "an address of the other family", host: "127.0.0.1", with: func(o *Options) { o.IPv6 = true }, want: "no IPv6 address found for 127.0.0.1"},
		{name: "names over IPv6", host: "outside.test", with: func(o *Options) { o.IPv6 = true }, want: "no address found for outside.test"},
		{name: "names over IPv4", host: "outside.test", with: func(o *Options) { o.IPv4 = true }, away: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.home.Store(0)
			h.away.Store(0)
			o := quick(tt.with)
			for _, text := range tt.pins {
				pin, err := dial.ParseOverride(strings.ReplaceAll(text, "~", h.port))
				if err != nil {
					t.Fatal(err)
				}
				o.Resolve = append(o.Resolve, pin)
			}
			r := along(t, o, publicly(t, privacyNames), "http://"+tt.host+":"+h.port+"/").records[0]
			if tt.want == "" && r.Failure != nil || tt.want != "" && (kindOf(r) != failure.DNS || r.Failure.Error() != tt.want) {
				t.Errorf("got %s: %v", kindOf(r), r.Failure)
			}
			if h.home.Load() != tt.home || h.away.Load() != tt.away {
				t.Errorf("asked %d times at home, %d away", h.home.Load(), h.away.Load())
			}
		})
	}
}
