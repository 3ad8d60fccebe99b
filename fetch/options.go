package fetch

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/cookiejar"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/netrc"
	"batchfetch/fetch/transport"
)

// Options are the knobs of a run. Start from Defaults; a zero means what the comment says, never "the default".
type Options struct {
	// Concurrency is the most exchanges under way at once; 1 to 65536.
	Concurrency int
	// HostConcurrency is the most exchanges under way at once on one host; at least 1.
	HostConcurrency int
	// Rate is the most exchanges started per second in the whole run, evenly spaced; 0 is no limit.
	Rate float64
	// HostRate is the most exchanges started per second on one host, evenly spaced; 0 is no limit.
	HostRate float64
	// Adaptive slows a host down that answers 429 or 503, speeds it up again step by step as it answers well, and keeps
	// to the quota that it announces (RateLimit, X-RateLimit-Remaining and -Reset). A Retry-After is obeyed without it
	// too.
	Adaptive bool
	// HostMaxErrors is how many exchanges in a row may bring no answer from a host until it is asked by single probes
	// only, three at growing intervals; where those fail too, its other requests fail as HostDown. 0 is never.
	// Connections that the host breaks off count until it has answered once.
	HostMaxErrors int
	// Bandwidth is the most bytes received per second in the whole run, TLS, HTTP/2 and headers included, spread evenly
	// over time and fairly over the exchanges under way; 0 is no limit. Uploads are not limited (curl --limit-rate
	// limits each transfer by itself).
	Bandwidth float64
	// Hosts has settings of single hosts in place of these: limits, timeouts, retries, headers and credentials; nil is
	// none.
	Hosts *HostRules
	// Lookahead is the most requests read and not yet finished, those set aside not counted; at least 1. Of requests
	// over 4 KiB no more than 64 MiB are, but for those that keep Concurrency exchanges going. It bounds the memory of
	// waiting requests.
	Lookahead int
	// Aside is the most memory in bytes for requests that are set aside: those that hosts at their limit can't have
	// soon, once they fill Lookahead while places are free. They are compressed, about 20 bytes for a plain URL. 0 sets
	// none aside. It has no effect with a Cache, or with a Sink that is a Holder.
	Aside int64

	// Retries is the number of further attempts after a first that failed; 0 is none.
	Retries int
	// RetryOn says which outcomes are worth another attempt.
	RetryOn judge.RetryOn
	// RetryDelay is the upper bound of the first wait, doubling with each further one; the wait is drawn evenly from
	// zero to it.
	RetryDelay time.Duration
	// RetryMaxDelay bounds each wait and the Retry-After obeyed (RFC 9110 section 10.2.3).
	RetryMaxDelay time.Duration
	// RetryMaxTime bounds the attempts and waits of one request together; 0 is no limit (curl --retry-max-time).
	RetryMaxTime time.Duration
	// RetryUnsafe retries methods that are not idempotent too (RFC 9110 section 9.2.2).
	RetryUnsafe bool

	// ConnectTimeout bounds name lookup, connection and TLS handshake together; 0 is no limit.
	ConnectTimeout time.Duration
	// StallTimeout ends an exchange in which less than 1 KiB moves in that time, once connected; 0 is no limit.
	StallTimeout time.Duration
	// Timeout bounds one whole exchange, from its start to the last byte; 0 is no limit.
	Timeout time.Duration
	// Deadline bounds the whole run; 0 is no limit.
	Deadline time.Duration
	// Grace is how long flights may take to land once Drain is closed.
	Grace time.Duration
	// Drain, once closed, ends the run: nothing more is started, and what flies has Grace to land. Nil is never.
	Drain <-chan struct{}

	// Method is for requests that name none; empty is GET, or POST where there is a body (curl -X).
	Method string
	// Body is for requests that bring none; nil is no body (curl -d).
	Body []byte
	// Header is sent with every request, under canonical names; a request's own header of the same name wins.
	// A nil value drops a header of ours.
	Header http.Header
	// Username and Password are for Basic authentication of every request (RFC 7617); both empty is none.
	Username, Password string
	// Netrc has the credentials of hosts for which neither their URL nor Username has any; nil is none.
	Netrc *netrc.File
	// Cookie is the Cookie header of requests that bring none: name=value, several joined with "; "; empty is none.
	// Like Header it goes to every host that the input names, and over to no other by a redirect.
	Cookie string
	// Jar keeps the cookies that answers set, and sends them where they belong; nil keeps none.
	Jar *cookiejar.Jar
	// UserAgent is the User-Agent header; empty sends none.
	UserAgent string
	// AcceptStatus says which final statuses are a success.
	AcceptStatus judge.Statuses
	// MaxRedirects is the most redirects followed for one request; 0 follows none: a 3xx is then the answer.
	MaxRedirects int

	// Identity asks for no content coding and decodes none.
	Identity bool
	// MaxBody is the largest decoded body in bytes; at least 1.
	MaxBody int64
	// BodyMemory is the largest body in bytes that is held in memory; a larger one goes to a temporary file in os.TempDir,
	// and Record.OpenBody reads it from there. 0 is no bound: every body is in memory. A Keeper takes bodies past it.
	BodyMemory int64

	// DropBody keeps no body: Records have its size and hash only. It has no meaning with a Keeper.
	DropBody bool

	// BodyStore takes the bodies of successes; nil leaves them in their Records.
	BodyStore BodyStore

	// MaxFailures is how many failures are allowed: the next one stops the run; negative is any number.
	MaxFailures int64
	// MaxFailurePercent stops the run once more than that share of at least 100 finished requests has failed; 0 is off.
	MaxFailurePercent float64

	// KeepHeader puts the answer's header into the Record, KeepTiming the time of each step.
	KeepHeader, KeepTiming bool

	// TLS is the client configuration for https; nil is the system's roots. It is cloned.
	TLS *tls.Config
	// HTTP restricts the protocol.
	HTTP transport.Version

	// HTTPProxy and HTTPSProxy are the proxies for http:// and for https:// URLs (curl -x):
	// [SCHEME://][USER:PASSWORD@]HOST[:PORT] with http, https, socks5 (names are looked up here) or socks5h (there);
	// without a scheme it is http. Empty is none.
	HTTPProxy, HTTPSProxy string
	// NoProxy lists the hosts that are asked without a proxy, as NO_PROXY does for curl; empty is none.
	NoProxy string
	// UnixSocket is the path of a socket that every request goes over, whatever host its URL names (curl
	// --unix-socket): no name is looked up, RemoteAddr is the path, and Private has no address to look at. Empty is
	// none; with a proxy it is a mistake.
	UnixSocket string
	// Resolve gives hosts addresses in place of those that DNS has (curl --resolve).
	Resolve []dial.Override
	// IPv4 and IPv6 restrict connections to one family; both at once is a mistake (curl -4, -6).
	IPv4, IPv6 bool
	// Private says which addresses may be asked that are not public (RFC 6890). They are checked when they are
	// connected to, whatever DNS says. Behind a proxy PrivateRedirects sees only what a URL spells out, and PrivateDeny
	// is a mistake.
	Private dial.Policy

	// Cache keeps answers for other runs and finds them again (RFC 9111); nil is none. Its errors cost an answer from
	// it and no more: see cache.Guard. It is not closed.
	Cache cache.Store
	// CacheTTL is how long a success is used again, whatever its headers say; 0 means by RFC 9111.
	CacheTTL time.Duration
	// CacheHeuristic is the share of the time since Last-Modified that an answer is fresh for which does not say how long
	// (RFC 9111 section 4.2.2), up to 1; 0 is off.
	CacheHeuristic float64
	// Changed leaves out, as Record.Unchanged, the successes whose bodies it has told of before. Nil leaves out none.
	// It needs a Cache. Its Confirm, to be called once what the Sink took is safe, makes this run's count as told of.
	Changed *cache.Teller

	// Committed, where it is not nil, returns how many successes outlive a kill of the process by now. Those that don't
	// yet count as exchanges under way, so that a kill at any instant costs at most Concurrency requests.
	Committed func() int64

	// Live, where it is not nil, counts while the run goes on.
	Live *Live
	// Slow logs each exchange that takes longer; 0 is none.
	Slow time.Duration
	// Log takes each attempt at debug level and slow exchanges as warnings; nil is none.
	Log *slog.Logger
}

// Live holds counts that may be read at any time.
type Live struct{ Exchanges, Retries, Skipped atomic.Int64 }

// Defaults returns the Options of a plain command line.
func Defaults() Options {
	return Options{
		Concurrency:     50,
		HostConcurrency: 10,
		Adaptive:        true,
		HostMaxErrors:   30,
		Lookahead:       10000,
		Aside:           12 << 20,
		Retries:         3,
		RetryOn:         judge.DefaultRetryOn(),
		RetryDelay:      time.Second,
		RetryMaxDelay:   time.Minute,
		ConnectTimeout:  10 * time.Second,
		StallTimeout:    30 * time.Second,
		Grace:           10 * time.Second,
		UserAgent:       "batchfetch",
		AcceptStatus:    judge.Statuses{{200, 299}},
		MaxRedirects:    10,
		MaxBody:         16 << 20,
		BodyMemory:      1 << 20,
		MaxFailures:     -1,
		HTTP:            transport.Auto,
		Private:         dial.PrivateRedirects,
	}
}

// A Mistake is one unusable option, named as on the command line.
type Mistake struct {
	Flag, Problem, Hint string
}

func (m *Mistake) Error() string { return "--" + m.Flag + " " + m.Problem }

// Validate reports every mistake at once: each error joined is a *Mistake.
func (o *Options) Validate() error {
	var mistakes []error
	check := func(good bool, flag, hint, problem string, args ...any) {
		if !good {
			mistakes = append(mistakes, &Mistake{flag, fmt.Sprintf(problem, args...), hint})
		}
	}
	check(o.Concurrency >= 1 && o.Concurrency <= fdlimit.MaxExchanges, "concurrency", "", "is %d, must be 1 to %d", o.Concurrency, fdlimit.MaxExchanges)
	check(o.HostConcurrency >= 1, "host-concurrency", "", "is %d, must be at least 1", o.HostConcurrency)
	check(o.Rate >= 0, "rate", "leave it out for no limit", "is %g/s, must be above 0", o.Rate)
	check(o.HostRate >= 0, "host-rate", "leave it out for no limit", "is %g/s, must be above 0", o.HostRate)
	check(o.Bandwidth >= 0, "bandwidth", "leave it out for no limit", "is %g bytes/s, must be above 0", o.Bandwidth)
	check(o.Lookahead >= 1, "lookahead", "", "is %d, must be at least 1", o.Lookahead)
	check(o.HostMaxErrors >= 0, "host-max-errors", "0 gives no host up", "is %d, must not be negative", o.HostMaxErrors)
	check(o.Aside >= 0, "aside", "0 sets nothing aside", "is %d, must not be negative", o.Aside)
	check(o.Retries >= 0, "retries", "0 is no retry", "is %d, must not be negative", o.Retries)
	check(o.MaxRedirects >= 0, "max-redirs", "0 follows none", "is %d, must not be negative", o.MaxRedirects)
	check(o.MaxBody >= 1, "max-body", "--body none keeps no body", "is %d, must be at least 1", o.MaxBody)
	check(o.BodyMemory >= 0, "body-memory", "0 is no bound", "is %d, must not be negative", o.BodyMemory)
	check(o.MaxFailurePercent >= 0 && o.MaxFailurePercent <= 100, "max-failures", "", "is %g%%, must be 0%% to 100%%", o.MaxFailurePercent)
	check(o.CacheHeuristic >= 0 && o.CacheHeuristic <= 1, "cache-heuristic", "0 is off", "is %g, must be 0 to 1", o.CacheHeuristic)
	check(o.Changed == nil || o.Cache != nil, "changed", "name a directory for --cache", "needs --cache: that has what to compare with")
	check(validMethod(o.Method), "request", "", "is %q, which is no HTTP method", o.Method)
	check(o.HTTP == transport.Auto || o.HTTP == transport.HTTP1 || o.HTTP == transport.HTTP2, "http", "", "is %q, must be auto, 1.1 or 2", o.HTTP)
	o.checkConnections(check)
	for _, span := range []struct {
		flag  string
		value time.Duration
	}{
		{"retry-delay", o.RetryDelay}, {"retry-max-delay", o.RetryMaxDelay}, {"retry-max-time", o.RetryMaxTime},
		{"connect-timeout", o.ConnectTimeout}, {"stall-timeout", o.StallTimeout}, {"timeout", o.Timeout},
		{"cache-ttl", o.CacheTTL}, {"deadline", o.Deadline}, {"slow", o.Slow}, {"grace", o.Grace},
	} {
		check(span.value >= 0, span.flag, "", "is %s, must not be negative", span.value)
	}
	check(CheckHeader("Cookie", o.Cookie) == nil, "cookie", "", "holds a control character")
	for name, values := range o.Header {
		for _, value := range values {
			err := CheckHeader(name, value)
			check(err == nil, "header", "", "can't be sent: %v", err)
		}
	}
	return errors.Join(mistakes...)
}

// checkConnections is the part of Validate that tells of proxies and addresses.
func (o *Options) checkConnections(check func(good bool, flag, hint, problem string, args ...any)) {
	for i, text := range []string{o.HTTPProxy, o.HTTPSProxy} {
		err := dial.CheckProxy(text)
		if repeated := i == 1 && text == o.HTTPProxy; !repeated {
			check(err == nil, "proxy", "write http://HOST:PORT, https://, socks5:// or socks5h://", "%v", err)
		}
	}
	check(o.UnixSocket == "" || o.HTTPProxy == "" && o.HTTPSProxy == "", "unix-socket", "", "and --proxy exclude each other")
	for _, each := range o.Resolve {
		check(each.Host != "" && each.Port != 0 && len(each.Addrs) > 0, "resolve", "write HOST:PORT:ADDRESS", "lacks its host, port or address")
	}
	check(!o.IPv4 || !o.IPv6, "ipv4", "", "and --ipv6 exclude each other")
	known := o.Private == dial.PrivateAllow || o.Private == dial.PrivateRedirects || o.Private == dial.PrivateDeny
	check(known, "private", "", "is %q, must be allow, redirects or deny", o.Private)
	check(o.Private != dial.PrivateDeny || o.HTTPProxy == "" && o.HTTPSProxy == "", "private", "--proxy '' asks without the proxy of the environment",
		"is deny, which can't be enforced behind a proxy: that looks names up and connects by itself")
}
