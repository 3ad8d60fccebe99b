package fetch

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport"
)

// TestSchemeThatTheURLNeeds: a request over TLS to a port without it, and one without TLS to a port that speaks it,
// fail with the scheme that the URL has to begin with, however the server says so; other 400s do not.
func TestSchemeThatTheURLNeeds(t *testing.T) {
	page := func(text string) func(*net.TCPConn) {
		return func(c *net.TCPConn) {
			nettest.ReadRequest(c)
			nettest.Say(c, fmt.Sprintf("HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s", len(text), text))
		}
	}
	alert := func(c *net.TCPConn) {
		nettest.Say(c, "\x15\x03\x01\x00\x02\x02\x46")
		_ = c.CloseWrite()
		nettest.AwaitClose(c)
	}
	secure, _ := startTLSServer(t, false, respondProtocol)
	const nginx = "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>"
	const wrong = "it speaks TLS on this port, for which the URL is https://"
	for _, tt := range []struct {
		name   string
		url    string
		change func(*Options)
		kind   failure.Kind
		says   string
		option string
	}{
		{"TLS to none", strings.Replace(nettest.Talk(t, page("")), "http:", "https:", 1), nil,
			failure.TLS, "does not speak TLS on this port", failure.PlainScheme},
		{"a Go server", strings.Replace(secure, "https:", "http:", 1), nil,
			failure.BadStatus, "400 Bad Request: " + wrong, failure.TLSScheme},
		{"an alert", nettest.Talk(t, alert), nil, failure.Protocol, wrong, failure.TLSScheme},
		{"an alert in place of HTTP/2", nettest.Talk(t, alert), func(o *Options) { o.HTTP = transport.HTTP2 },
			failure.Protocol, wrong, failure.TLSScheme},
		{"nginx", nettest.Talk(t, page(nginx)), nil, failure.BadStatus, wrong, failure.TLSScheme},
		{"nginx, without failure bodies", nettest.Talk(t, page(nginx)), func(o *Options) { o.FailureBody = 0 },
			failure.BadStatus, wrong, failure.TLSScheme},
		{"Apache httpd", nettest.Talk(t, page("<p>Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />")),
			nil, failure.BadStatus, wrong, failure.TLSScheme},
		{"Tomcat", nettest.Talk(t, page("Bad Request\r\nThis combination of host and port requires TLS.\r\n")), nil,
			failure.BadStatus, wrong, failure.TLSScheme},
		{"another 400", nettest.Talk(t, page("the parameter a is missing")), nil,
			failure.BadStatus, "400 Bad Request", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := runOne(t, tt.url, noRetryOptions(tt.change))
			if kindOf(r) != tt.kind || !strings.Contains(r.Failure.Error(), tt.says) || r.Failure.Option != tt.option {
				t.Errorf("got %s: %v, option %q", kindOf(r), r.Failure, r.Failure.Option)
			}
			if tt.change != nil && len(r.FailureBody) > 0 {
				t.Errorf("a body is kept: %q", r.FailureBody)
			}
		})
	}
	t.Run("TLS over TLS", func(t *testing.T) {
		o := noRetryOptions(func(o *Options) { o.TLS = &tls.Config{InsecureSkipVerify: true} })
		url := secure + "?" + "answers=The+plain+HTTP+request+was+sent+to+HTTPS+port"
		if r, _ := runOne(t, url, o); r.Failure != nil {
			t.Errorf("got %v", r.Failure)
		}
	})
}

// TestLimitThatWasMet: a failure by a time limit names the one that was met, over proxies too.
func TestLimitThatWasMet(t *testing.T) {
	t.Parallel()
	silent := nettest.Talk(t, func(c *net.TCPConn) { nettest.AwaitClose(c) })
	notReady := startServer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	for _, tt := range []struct {
		name   string
		url    string
		change func(*Options)
		says   string
		option string // or several, where the handshake and the exchange may end first
	}{
		{"timeout", silent, func(o *Options) { o.Timeout = ampleLimit },
			"not done within 5s (--timeout); connected, no answer had arrived", "timeout"},
		{"timeout within the handshake", strings.Replace(silent, "http:", "https:", 1),
			func(o *Options) { o.Timeout = ampleLimit }, "not done within 5s (--timeout)", "timeout hello"},
		{"stall-timeout", silent, func(o *Options) { o.StallTimeout = 50 * time.Millisecond },
			"no data for 50ms (--stall-timeout); connected", "stall-timeout"},
		{"deadline", silent, func(o *Options) { o.Deadline = ampleLimit },
			"the run ended after 5s (--deadline); connected", "deadline"},
		{"connect-timeout", strings.Replace(silent, "http:", "https:", 1),
			func(o *Options) { o.ConnectTimeout = ampleLimit },
			"not done within 5s (--connect-timeout)", dial.OptionHello},
		{"connect-timeout over a proxy", "https://a.test/", func(o *Options) {
			o.ConnectTimeout, o.HTTPSProxy = ampleLimit, silent
		}, ": CONNECT a.test:443: not done within 5s (--connect-timeout)", "connect-timeout"},
		{"connect-timeout over a proxy with TLS", "https://a.test/", func(o *Options) {
			o.ConnectTimeout, o.HTTPSProxy = 50*time.Millisecond, strings.Replace(silent, "http:", "https:", 1)
		}, ": not done within 50ms (--connect-timeout)", "connect-timeout"},
		{"poll-time", notReady, func(o *Options) { o.Poll, o.PollTime = judge.Statuses{{202, 202}}, 20*time.Millisecond },
			" in 20ms (--poll-time)", "poll-time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, _ := runOne(t, tt.url, noRetryOptions(tt.change))
			if r.Failure == nil || !strings.Contains(r.Failure.Error(), tt.says) ||
				!slices.Contains(strings.Fields(tt.option), r.Failure.Option) {
				t.Errorf("got %s: %v", kindOf(r), r.Failure)
			}
		})
	}
}

// TestLineWithoutScheme: a line that only lacks its scheme is told from other unusable ones.
func TestLineWithoutScheme(t *testing.T) {
	for url, option := range map[string]string{
		"example.com": failure.AnyScheme, "localhost:8080/a": failure.AnyScheme, "//example.com/a": failure.AnyScheme,
		"https:example.com": failure.AnyScheme, "u:p@example.com/a": failure.AnyScheme,
		"mailto:a@example.com": "", "TEL:+1": "", "javascript:void(0)": "", "ftp://example.com": "", "https://": "",
	} {
		r, _ := runOne(t, url, noRetryOptions(nil))
		if kindOf(r) != failure.InvalidRequest || r.Failure.Option != option {
			t.Errorf("%s: got %s: %v, option %q", url, kindOf(r), r.Failure, r.Failure.Option)
		}
	}
}
