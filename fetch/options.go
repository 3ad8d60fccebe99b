package fetch

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/cookiejar"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/netrc"
	"batchfetch/fetch/paging"
	"batchfetch/fetch/spool"
	"batchfetch/fetch/transport"
)

// Options are the settings of a run. Start from Defaults: a zero field means what its comment says, never the default.
// A host in these comments is an origin: scheme, name and port (RFC 6454 section 4). They are not written to by Run.
type Options struct {
	// Concurrency is the most exchanges under way at once; 1 to 65536 (curl --parallel-max). Run lowers it where the
	// process may open few files.
	Concurrency int
	// HostConcurrency is the most exchanges under way at once on one host; at least 1.
	HostConcurrency int
	// Rate is the most exchanges started per second in the whole run, evenly spaced; 0 is no limit.
	Rate float64
	// HostRate is the most exchanges started per second on one host, evenly spaced; 0 is no limit.
	HostRate float64
	// Adaptive lowers the rate of a host that responds 429 or 503, raises it again step by step while its responses are
	// good, and keeps to the quota that it announces (RateLimit, X-RateLimit-Remaining and -Reset). A Retry-After (RFC
	// 9110 section 10.2.3) is obeyed without it too.
	Adaptive bool
	// Robots obeys the robots.txt of every host (RFC 9309), as the crawler that UserAgent names. It is fetched once,
	// before the first request; what it forbids is a Failure of Kind Robots. Its Crawl-delay bounds the rate of the host.
	Robots bool
	// HostMaxErrors is how many exchanges in a row may bring no response from a host before only single probes of it
	// start, three at growing intervals; where those fail too, its other Requests fail with Kind HostDown. 0 is never.
	// Connections that the host closes or resets during a response count only until it has responded once.
	HostMaxErrors int
	// Bandwidth is the most bytes received per second in the whole run, those of TLS, HTTP/2 and headers included
	// (over HTTP/3 those of its frames, and not QUIC's), spread evenly over time and fairly over the exchanges under way;
	// 0 is no limit. Uploads are not limited (curl --limit-rate limits each transfer by itself).
	Bandwidth float64
	// Hosts has settings of single hosts in place of these: limits, timeouts, retries, headers and credentials; nil is
	// none.
	Hosts *HostRules
	// Limiter keeps Rate, HostRate, HostConcurrency, those of Hosts, and the pauses of hosts together with other runs;
	// nil is that they are of this run alone. Its errors end the run.
	Limiter Limiter
	// Lookahead is the most Requests read from the Source and not finished, those that are spilled not counted; at
	// least 1. It bounds the memory of Requests that wait: of those over 4 KiB no more than 64 MiB are read ahead, but
	// for those that Concurrency exchanges need. Fewer are read while so many exchanges are under way, at first or where
	// they end fast.
	Lookahead int
	// Aside is the most memory in bytes for Requests that are spilled: those of hosts at their limit, which can't start
	// soon and fill Lookahead while exchanges could start on other hosts. They are compressed, to about 20 bytes for a
	// plain URL. 0 spills none. It has no effect with a Cache, or with a Sink that is a Holder.
	Aside int64

	// Retries is the number of further attempts after a first that failed; 0 is none (curl --retry). What the host
	// refused for a limit (429, or a Retry-After) does not count.
	Retries int
	// RetryOn is the set of statuses and Kinds that are worth another attempt.
	RetryOn judge.RetryOn
	// RetryDelay is the upper bound of the first wait, doubled with each further one; each wait is drawn evenly from
	// zero to its bound. 0 is no wait.
	RetryDelay time.Duration
	// RetryMaxDelay bounds each wait, and the Retry-After that is obeyed (RFC 9110 section 10.2.3). 0 is no wait.
	RetryMaxDelay time.Duration
	// RetryMaxTime bounds the attempts and waits of one Request together; 0 is no limit (curl --retry-max-time).
	RetryMaxTime time.Duration
	// ThrottleOn is the set of statuses by which a host refuses requests for a limit of its own, beside 429 and what its
	// header fields say: see judge.Verdict.Refusal. Nil is none.
	ThrottleOn judge.Statuses
	// Poll is the set of statuses that mean that a response is not ready yet: the request is made again after its
	// Retry-After or a growing delay, for PollTime, at no cost of Retries. Nil is none.
	Poll     judge.Statuses
	PollTime time.Duration
	// RetryUnsafe retries methods that are not idempotent too (RFC 9110 section 9.2.2).
	RetryUnsafe bool

	// ConnectTimeout bounds name lookup, connection and TLS handshake together; 0 is no limit (curl --connect-timeout).
	ConnectTimeout time.Duration
	// StallTimeout ends an exchange that moves less than 1 KiB in that time, once connected; 0 is no limit (as curl
	// --speed-time, whose --speed-limit is per second).
	StallTimeout time.Duration
	// Timeout bounds one exchange, from its start to the last byte; 0 is no limit (curl --max-time bounds all redirects
	// of a transfer together).
	Timeout time.Duration
	// Deadline bounds the whole run; 0 is no limit.
	Deadline time.Duration
	// Grace is how long the exchanges under way may take to end once Drain is closed; 0 cancels them at once.
	Grace time.Duration
	// Drain ends the run once it is closed: no more exchanges start, and those under way have Grace to end. Nil is
	// never.
	Drain <-chan struct{}

	// Method is the method of Requests that name none; empty is GET, or POST where there is a body (curl -X).
	Method string
	// HeadOnly makes Requests that name no method by HEAD, and where the server does not know it for the URL (400, 405,
	// 406, 501, what is no HTTP, a connection that is closed in place of an answer) by GET, of whose response the header
	// alone is read (curl -I). It excludes Method and Body.
	HeadOnly bool
	// Body is the content of Requests that have none; nil is no body (curl -d).
	Body []byte
	// Header is sent with every request, under canonical names; a Request's own header of the same name wins. A nil
	// value removes a default header (curl -H).
	Header http.Header
	// RenewHeader reads Header again, as the credentials in it may have expired; false means that it can't be read. It is
	// called after a 401 to a request with a value of Header, at most once a second and never twice at once. Where values
	// have changed, the request is made once more, which counts as no retry, and all later ones have the new values. A
	// name that Header does not have is ignored. Nil renews nothing.
	RenewHeader func(context.Context) (http.Header, bool)
	// RenewHosts is RenewHeader for the headers of Hosts: it returns the same hosts with what their headers are now. Nil
	// renews none of theirs.
	RenewHosts func(context.Context) (*HostRules, bool)
	// Username and Password are for Basic authentication of every request (RFC 7617); both empty is none (curl -u).
	Username, Password string
	// Digest sends user and password, those of URLs and of Netrc too, by Digest authentication in place of Basic (RFC
	// 7616; curl --digest). The first response of a server challenges that, which counts as no attempt.
	Digest bool
	// SigV4 signs requests with user and password, those of URLs and of Netrc too, as access key and secret, in place of
	// sending them (curl --aws-sigv4); nil signs none. It excludes Digest.
	SigV4 *SigV4
	// Netrc has the credentials of hosts for which neither their URL nor Username has any; nil is none (curl -n).
	Netrc *netrc.File
	// Cookie is the Cookie header of Requests that have none: name=value, several joined with "; "; empty is none (curl
	// -b). Like Header it is sent to every host that the input names, and to no other by a redirect.
	Cookie string
	// Jar stores the cookies that responses set, and adds them to requests (RFC 6265); nil stores none (curl -b '').
	Jar *cookiejar.Jar
	// UserAgent is the User-Agent header; empty sends none (curl -A).
	UserAgent string
	// AcceptStatus is the set of final statuses that are a success.
	AcceptStatus judge.Statuses
	// MaxRedirects is the most redirects followed for one Request; 0 follows none, and a 3xx is then a final status
	// (curl -L --max-redirs).
	MaxRedirects int
	// PathAsIs leaves dot segments in the paths of URLs (curl --path-as-is); else they are resolved, as in browsers.
	PathAsIs bool

	// Paginate says what the next page is by a success, which is then requested too, and so on: each page is a
	// Record of its own, with the Index, ID and Meta of its Request. The zero value follows no pages. A page on another
	// origin gets what a redirect to there would.
	Paginate paging.Place
	// MaxPages is the number of the last page that is requested.
	MaxPages int

	// Identity accepts no content coding and decodes none (curl without --compressed).
	Identity bool
	// WantDigest asks servers for digests of bodies (RFC 9530 section 4). Those that they send are verified in any case.
	WantDigest bool
	// MaxBody is the largest decoded body in bytes; at least 1 (curl --max-filesize). A larger one is a Failure of Kind
	// TooLarge.
	MaxBody int64
	// BodyMemory is the largest body in bytes that is held in memory; a larger one is written to a temporary file in
	// os.TempDir, and Record.OpenBody reads it from there. 0 is no bound: every body is in memory. With a BodyStore it
	// has no effect.
	BodyMemory int64

	// TempSpace bounds the temporary files of the run; nil is no bound. A body that finds it taken waits until others are
	// written, one alone never does.
	TempSpace *spool.Space

	// DropBody keeps no body: Records have its size and hash only. It has no effect with a BodyStore.
	DropBody bool

	// FailureBody is how many bytes of the decoded body of a response that is no success, or whose body failed, are kept
	// in Record.FailureBody; 0 is none, 1 MiB the most. With a BodyStore or DropBody it keeps none of those that failed.
	FailureBody int64

	// BodyStore takes the bodies of successes; nil leaves them in their Records.
	BodyStore BodyStore

	// Archive takes every exchange as it went over the wire, once it has ended; nil keeps none. Many workers call it at
	// once. Its error ends the run.
	Archive func(*Capture) error

	// MaxFailures is how many failures are allowed: the next one stops the run. Negative is any number.
	MaxFailures int64
	// MaxFailurePercent is the largest share in percent of the Requests, pages and those with ErrDone among them, that
	// may fail, up to 100; 0 is off. It is judged at the end, however few they are: a larger one is StopFailures. The
	// run stops earlier only where the share can't be met any more, even if nothing else fails. That is known once the
	// Source has ended, or by Expected; with Paginate at the end alone.
	MaxFailurePercent float64
	// Expected returns the most Requests that the Source will yield, ErrSkipped included, for MaxFailurePercent; 0 is
	// not known yet. nil is never known.
	Expected func() int64

	// KeepHeader sets Record.Header, KeepTiming Record.Timing.
	KeepHeader, KeepTiming bool

	// TLS is the client configuration for https; nil is the system's roots. It is cloned.
	TLS *tls.Config
	// HTTP restricts the version of HTTP (curl --http1.1, --http2, --http3-only).
	HTTP transport.Version

	// HTTPProxy and HTTPSProxy are the proxies for http:// and for https:// URLs (curl -x):
	// [SCHEME://][USER:PASSWORD@]HOST[:PORT] with http, https, socks5 (names are looked up here) or socks5h (by the
	// proxy); without a scheme it is http. Empty is none.
	HTTPProxy, HTTPSProxy string
	// NoProxy lists the hosts that are connected to without a proxy, as NO_PROXY does for curl; empty is none.
	NoProxy string
	// UnixSocket is the path of a socket that all connections are made to, whatever host a URL names (curl
	// --unix-socket): no name is looked up, Record.RemoteAddr is the path, and Private has no address to check. Empty is
	// none; with a proxy it is a mistake.
	UnixSocket string
	// Resolve gives hosts addresses in place of those that DNS has (curl --resolve).
	Resolve []dial.Override
	// NameTTL is how long the addresses of a name are kept; 0 asks for them with each connection, and negative goes by the
	// TTL of the answer, 5 seconds at least and a minute at most (CURLOPT_DNS_CACHE_TIMEOUT is a minute).
	NameTTL time.Duration
	// IPv4 and IPv6 restrict connections to one family; both at once is a mistake (curl -4, -6).
	IPv4, IPv6 bool
	// Private says which addresses may be connected to that are not public (RFC 6890). They are checked when a
	// connection is made, whatever DNS says. Behind a proxy PrivateRedirects checks only addresses that a URL spells
	// out, and PrivateDeny is a mistake.
	Private dial.Policy

	// Cache stores responses for other runs and finds them again (RFC 9111); nil is none. Its errors cost the use of a
	// stored response and no more: see cache.Guard. Run does not close it.
	Cache cache.Store
	// CacheTTL is how long a success is used again, whatever its headers say; 0 goes by RFC 9111.
	CacheTTL time.Duration
	// CacheHeuristic is the share of the time since Last-Modified for which a response is fresh that does not say how
	// long (RFC 9111 section 4.2.2), up to 1; 0 is off.
	CacheHeuristic float64
	// Changed sets Record.Unchanged of the successes whose bodies it has reported before; nil sets none. It needs a
	// Cache. Its Confirm, to be called once what the Sink took is safe, makes what this run has reported count for the
	// next ones.
	Changed *cache.Reporter

	// Committed, where it is not nil, returns how many successes would survive a kill of the process by now. Those that
	// would not count as exchanges under way, so that a kill at any time loses at most Concurrency of them. Any
	// goroutine may call it.
	Committed func() int64

	// WarnShortage is called once, with the reason, when a connection has to wait because this machine lacks something for
	// it: a local port, files or memory. Nil is not wanted.
	WarnShortage func(why error)
	// forRobots says that these are for fetching robots.txt: see robotsOptions. A body that is over MaxBody is cut there.
	forRobots bool

	// Live counts while the run goes on; nil is not wanted.
	Live *Live
	// Observer is told of exchanges, and of what keeps them from starting; nil is not wanted.
	Observer Observer
	// Slow logs each exchange that takes longer; 0 is none.
	Slow time.Duration
	// Log takes each attempt at debug level and slow exchanges as warnings; nil is none.
	Log *slog.Logger
}

// Defaults returns the Options of a command line without flags.
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
		PollTime:        10 * time.Minute,
		ConnectTimeout:  10 * time.Second,
		StallTimeout:    30 * time.Second,
		Grace:           10 * time.Second,
		UserAgent:       "batchfetch",
		AcceptStatus:    judge.Statuses{{200, 299}},
		MaxRedirects:    10,
		MaxPages:        1000,
		MaxBody:         16 << 20,
		BodyMemory:      1 << 20,
		FailureBody:     1 << 10,
		MaxFailures:     -1,
		NameTTL:         -1,
		HTTP:            transport.Auto,
		Private:         dial.PrivateRedirects,
	}
}
