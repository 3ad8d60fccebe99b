package fetch

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/transport"
)

// A Mistake is one unusable option. Its texts are for the user of a command line.
type Mistake struct {
	Flag    string // the option as a flag, without the dashes
	Problem string // what is wrong with its value
	Hint    string // what to do; empty is none
}

func (m *Mistake) Error() string { return "--" + m.Flag + " " + m.Problem }

// A checkFunc notes a Mistake unless good is true; problem is a format for args.
type checkFunc func(good bool, flag, hint, problem string, args ...any)

// Validate returns every Mistake in the Options at once, joined; nil is none.
func (o *Options) Validate() error {
	var mistakes []error
	check := func(good bool, flag, hint, problem string, args ...any) {
		if !good {
			mistakes = append(mistakes, &Mistake{flag, fmt.Sprintf(problem, args...), hint})
		}
	}
	o.checkNumbers(check)
	check(o.Changed == nil || o.Cache != nil, "changed", "name a directory for --cache",
		"needs --cache: that has what to compare with")
	check(validMethod(o.Method), "request", "", "is %q, which is no HTTP method", o.Method)
	check(!o.HeadOnly || o.Method == "" && o.Body == nil, "head", "leave out one of them",
		"excludes --request and --data")
	known := []transport.Version{transport.Auto, transport.HTTP1, transport.HTTP2, transport.HTTP3}
	check(slices.Contains(known, o.HTTP), "http", "", "is %q, must be auto, 1.1, 2 or 3", o.HTTP)
	o.checkConnections(check)
	o.checkDurations(check)
	o.checkHeaders(check)
	o.checkLogins(check)
	return errors.Join(mistakes...)
}

// checkNumbers is the part of Validate for counts, sizes, rates and shares.
func (o *Options) checkNumbers(check checkFunc) {
	check(o.Concurrency >= 1 && o.Concurrency <= fdlimit.MaxExchanges, "concurrency", "",
		"is %d, must be 1 to %d", o.Concurrency, fdlimit.MaxExchanges)
	check(o.HostConcurrency >= 1, "host-concurrency", "", "is %d, must be at least 1", o.HostConcurrency)
	check(o.Rate >= 0, "rate", "leave it out for no limit", "is %g/s, must be above 0", o.Rate)
	check(o.HostRate >= 0, "host-rate", "leave it out for no limit", "is %g/s, must be above 0", o.HostRate)
	check(o.Bandwidth >= 0, "bandwidth", "leave it out for no limit", "is %g bytes/s, must be above 0", o.Bandwidth)
	check(o.Lookahead >= 1, "lookahead", "", "is %d, must be at least 1", o.Lookahead)
	check(o.HostMaxErrors >= 0, "host-max-errors", "0 gives no host up", "is %d, must not be negative", o.HostMaxErrors)
	check(o.Aside >= 0, "aside", "0 sets nothing aside", "is %d, must not be negative", o.Aside)
	check(o.Retries >= 0, "retries", "0 is no retry", "is %d, must not be negative", o.Retries)
	check(o.MaxRedirects >= 0, "max-redirs", "0 follows none", "is %d, must not be negative", o.MaxRedirects)
	check(o.MaxPages >= 1, "max-pages", "without --paginate no pages are followed", "is %d, must be at least 1",
		o.MaxPages)
	check(o.FailureBody >= 0 && o.FailureBody <= maxFailureBody, "failure-body", "0 keeps none",
		"is %d bytes, must be 0 to 1Mi", o.FailureBody)
	check(o.MaxBody >= 1, "max-body", "--body none keeps no body", "is %d, must be at least 1", o.MaxBody)
	check(o.BodyMemory >= 0, "body-memory", "0 is no bound", "is %d, must not be negative", o.BodyMemory)
	check(o.MaxFailurePercent >= 0 && o.MaxFailurePercent <= 100, "max-failures", "",
		"is %g%%, must be 0%% to 100%%", o.MaxFailurePercent)
	check(o.CacheHeuristic >= 0 && o.CacheHeuristic <= 1, "cache-heuristic", "0 is off",
		"is %g, must be 0 to 1", o.CacheHeuristic)
}

// checkConnections is the part of Validate for proxies and addresses.
func (o *Options) checkConnections(check checkFunc) {
	for i, text := range []string{o.HTTPProxy, o.HTTPSProxy} {
		err := dial.CheckProxy(text)
		if repeated := i == 1 && text == o.HTTPProxy; !repeated {
			check(err == nil, "proxy", "write http://HOST:PORT, https://, socks5:// or socks5h://", "%v", err)
		}
	}
	noProxy := o.HTTPProxy == "" && o.HTTPSProxy == ""
	check(o.UnixSocket == "" || noProxy, "unix-socket", "", "and --proxy exclude each other")
	overTCP := o.HTTP != transport.HTTP3
	check(overTCP || noProxy, "http", "--http auto goes over the proxy, --proxy '' ignores that of the environment",
		"is 3, which goes over UDP and no proxy")
	check(overTCP || o.UnixSocket == "", "http", "", "is 3, which goes over UDP, and --unix-socket excludes that")
	for _, each := range o.Resolve {
		check(each.Host != "" && each.Port != 0 && len(each.Addrs) > 0, "resolve", "write HOST:PORT:ADDRESS",
			"lacks its host, port or address")
	}
	check(!o.IPv4 || !o.IPv6, "ipv4", "", "and --ipv6 exclude each other")
	known := o.Private == dial.PrivateAllow || o.Private == dial.PrivateRedirects || o.Private == dial.PrivateDeny
	check(known, "private", "", "is %q, must be allow, redirects or deny", o.Private)
	check(o.Private != dial.PrivateDeny || noProxy, "private", "--proxy '' ignores the proxy of the environment",
		"is deny, which can't be enforced behind a proxy: that looks names up and connects by itself")
}

// checkDurations is the part of Validate for durations.
func (o *Options) checkDurations(check checkFunc) {
	for _, span := range []struct {
		flag  string
		value time.Duration
	}{
		{"retry-delay", o.RetryDelay}, {"retry-max-delay", o.RetryMaxDelay}, {"retry-max-time", o.RetryMaxTime},
		{"poll-time", o.PollTime},
		{"connect-timeout", o.ConnectTimeout}, {"stall-timeout", o.StallTimeout}, {"timeout", o.Timeout},
		{"cache-ttl", o.CacheTTL}, {"deadline", o.Deadline}, {"slow", o.Slow}, {"grace", o.Grace},
	} {
		check(span.value >= 0, span.flag, "", "is %s, must not be negative", span.value)
	}
}

// checkHeaders is the part of Validate for headers.
func (o *Options) checkHeaders(check checkFunc) {
	check(CheckHeader("Cookie", o.Cookie) == nil, "cookie", "", "holds a control character")
	for name, values := range o.Header {
		err := CheckHeader(name, values...)
		check(err == nil, "header", "", "can't be sent: %v", err)
	}
}

// checkLogins is the part of Validate for schemes of authentication: there is one login for each host.
func (o *Options) checkLogins(check checkFunc) {
	_, given := o.Header["Authorization"]
	check(!o.Digest || o.SigV4 == nil, "digest", "leave out one of them", "and --aws-sigv4 exclude each other")
	check(!o.Digest || !given, "digest", "leave out one of them", "and a header Authorization exclude each other")
	check(o.SigV4 == nil || !given, "aws-sigv4", "leave out one of them", "and a header Authorization exclude each other")
	check(o.SigV4 == nil || o.hasLogin() || o.SigV4.ID != "" || o.Netrc != nil, "aws-sigv4",
		"-u KEY:SECRET, or better the environment", "%v", errNoKeys)
}
