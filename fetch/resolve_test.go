package fetch

import (
	"strings"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
)

// TestLocalhostAsksNoDNS checks that names below localhost are loopback, whatever a resolver says (RFC 6761 section
// 6.3).
func TestLocalhostAsksNoDNS(t *testing.T) {
	hosts := startTwoHosts(t, nil)
	n := testNetwork(t, map[string][][]string{"a.localhost": {{"127.0.0.2"}}, "localhost": {{"127.0.0.2"}}})
	if got := runIn(t, noRetryOptions(nil), n, redirectChain(hosts.port, "a.localhost:~"),
		redirectChain(hosts.port, "localhost:~")).kinds(); got != "ok ok" || hosts.private.Load() != 2 {
		t.Errorf("%s, the private host got %d requests", got, hosts.private.Load())
	}
}

// TestResolve checks that addresses given for a host are used in place of DNS, by port and family, and of several the
// first that accepts.
func TestResolve(t *testing.T) {
	hosts := startTwoHosts(t, nil)
	for _, tt := range []struct {
		name, host      string
		pins            []string
		with            func(*Options)
		private, public int32
		want            string
	}{
		{name: "none", host: "outside.test", public: 1},
		{name: "a host", host: "outside.test", pins: []string{"outside.test:~:127.0.0.1"}, private: 1},
		{name: "another port", host: "outside.test", pins: []string{"outside.test:1:127.0.0.1"}, public: 1},
		{name: "a host that DNS has not", host: "nowhere.test", pins: []string{"NOWHERE.test:~:127.0.0.2"}, public: 1},
		{name: "any host", host: "nowhere.test", pins: []string{"*:~:127.0.0.1"}, private: 1},
		{name: "an address", host: "192.0.2.1", pins: []string{"192.0.2.1:~:127.0.0.1"}, private: 1},
		{name: "localhost", host: "localhost", pins: []string{"localhost:~:127.0.0.2"}, public: 1},
		{name: "an international name", host: "bücher.test", pins: []string{"bücher.test:~:127.0.0.2"}, public: 1},
		{name: "an international name in ASCII", host: "bücher.test", pins: []string{"xn--bcher-kva.test:~:127.0.0.2"},
			public: 1},
		{name: "the second answers", host: "outside.test", pins: []string{"outside.test:~:127.0.0.3,127.0.0.1"}, private: 1},
		{name: "over IPv4", host: "outside.test", pins: []string{"outside.test:~:[::1],127.0.0.1"},
			with: func(o *Options) { o.IPv4 = true }, private: 1},
		{name: "none of the family", host: "outside.test", pins: []string{"outside.test:~:127.0.0.1"},
			with: func(o *Options) { o.IPv6 = true }, want: "no IPv6 address found for outside.test"},
		{name: "an address of the other family", host: "127.0.0.1", with: func(o *Options) { o.IPv6 = true },
			want: "no IPv6 address found for 127.0.0.1"},
		{name: "names over IPv6", host: "outside.test", with: func(o *Options) { o.IPv6 = true },
			want: "no address found for outside.test"},
		{name: "names over IPv4", host: "outside.test", with: func(o *Options) { o.IPv4 = true }, public: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hosts.private.Store(0)
			hosts.public.Store(0)
			o := noRetryOptions(tt.with)
			for _, text := range tt.pins {
				pin, err := dial.ParseOverride(strings.ReplaceAll(text, "~", hosts.port))
				if err != nil {
					t.Fatal(err)
				}
				o.Resolve = append(o.Resolve, pin)
			}
			r := runIn(t, o, testNetwork(t, twoHostNames), "http://"+tt.host+":"+hosts.port+"/").records[0]
			if tt.want == "" && r.Failure != nil || tt.want != "" && (kindOf(r) != failure.DNS || r.Failure.Error() != tt.want) {
				t.Errorf("got %s: %v", kindOf(r), r.Failure)
			}
			if hosts.private.Load() != tt.private || hosts.public.Load() != tt.public {
				t.Errorf("the private host got %d requests, the public one %d", hosts.private.Load(), hosts.public.Load())
			}
		})
	}
}
