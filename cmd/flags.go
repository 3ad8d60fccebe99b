package cmd

import (
	"strings"

	"github.com/spf13/pflag"

	"batchfetch/cmd/parse"
	"batchfetch/fetch"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/paging"
	"batchfetch/fetch/transport"
	"batchfetch/output/encode"
	"batchfetch/output/savedir"
)

// groups are the headings of the help, in its order.
var groups = []string{
	"limits", "retry", "time", "request", "connection", "body", "output", "cache", "run", "telling",
}

// register adds every flag to flags, with its default, as a way to set s. Texts that can't be parsed go to found.
func register(flags *pflag.FlagSet, s *settings, found *problems) {
	s.fetch = fetch.Defaults()
	s.maxBody, s.tempMax, s.cache.max, s.maxFailures.count = -1, -1, -1, -1
	s.output.body, s.progress, s.compressed = encode.BodyAuto, progressAuto, true
	r := &registrar{flags: flags, problems: found}
	flags.SortFlags = false
	registerLimits(r, s)
	registerRequest(r, s)
	registerConnection(r, s)
	registerOutput(r, s)
	registerCache(r, s)
	registerRun(r, s)
}

func registerLimits(r *registrar, s *settings) {
	o := &s.fetch
	r.group = "limits"
	r.int(&o.Concurrency, "concurrency", "j", "n", "most exchanges at once")
	r.int(&o.HostConcurrency, "host-concurrency", "", "n", "most exchanges at once on one host")
	add(r, &o.Rate, "rate", "", "rate", "none",
		"most exchanges started in the whole run, evenly spaced: 10/s, 60/m, 1/15s", parse.Rate)
	add(r, &o.HostRate, "host-rate", "", "rate", "none", "the same for each host", parse.Rate)
	r.bool(&o.Adaptive, "adaptive", "",
		"lower the rate of a host that refuses requests (429, Retry-After) and bring it back step by step; keep to the "+
			"quota that RateLimit headers tell")
	r.int(&o.Lookahead, "lookahead", "", "n", "requests read ahead of those that finish; bounds the memory")
	add(r, &o.Aside, "aside", "", "size", "12Mi",
		"memory for requests that are set aside while hosts at their limit fill --lookahead, compressed; 0 sets none "+
			"aside", parse.Size)
	add(r, &o.Bandwidth, "bandwidth", "", "size", "none",
		"most bytes received per second in the whole run (10M), all that comes over the connections; spread evenly, "+
			"shared fairly", parse.Bandwidth)
	r.text(&s.hostsFile, "hosts", "", "file",
		"settings of single hosts, as YAML or JSON: limits, timeouts, retries, headers, user and password (see below)")
	r.group = "retry"
	r.int(&o.Retries, "retries", "", "n", "further attempts after a first that failed")
	add(r, &o.RetryOn, "retry-on", "", "list", strings.Replace(o.RetryOn.String(), ",dns", ", dns", 1), // fits into lines
		"statuses and kinds of failure worth another attempt", judge.ParseRetryOn)
	add(r, &o.ThrottleOn, "throttle-on", "", "list", "none",
		"statuses by which a host says that it is asked too much, beside 429: the host is left alone, and the URL's "+
			"retries are not spent", parseStatusesOrNone)
	r.duration(&o.RetryDelay, "retry-delay",
		"bound of the first wait, doubling; each wait is drawn from zero to its bound")
	r.duration(&o.RetryMaxDelay, "retry-max-delay", "longest wait, and longest Retry-After obeyed")
	r.duration(&o.RetryMaxTime, "retry-max-time", "one URL's attempts and waits together")
	add(r, &o.Poll, "poll", "", "list", "none",
		"statuses of answers that are not ready yet (202): asked again after their Retry-After or a growing delay; "+
			"those to a POST, PUT, PATCH or DELETE, which would be done again, with --retry-unsafe only, and where they name "+
			"no Location",
		parseStatusesOrNone)
	r.duration(&o.PollTime, "poll-time", "how long one URL may be not ready; then it fails as timeout")
	r.bool(&o.RetryUnsafe, "retry-unsafe", "", "retry POST and the like too")
	r.int(&o.HostMaxErrors, "host-max-errors", "", "n",
		"exchanges in a row without any answer until a host is only probed; three failed probes end it; 0 is never")
	r.group = "time"
	r.duration(&o.ConnectTimeout, "connect-timeout", "name lookup, connection and TLS handshake together; 0 is no limit")
	r.duration(&o.StallTimeout, "stall-timeout", "give up when less than 1 KiB moves in that time; 0 is no limit")
	r.duration(&o.Timeout, "timeout", "one whole exchange")
	r.duration(&o.Deadline, "deadline", "the whole run")
}

func registerRequest(r *registrar, s *settings) {
	o := &s.fetch
	r.group = "request"
	r.text(&o.Method, "request", "X", "method", "method of requests that name none")
	r.bool(&o.HeadOnly, "head", "",
		"ask for headers only: by HEAD, and where a server does not know that (405, 501) by GET without reading the body")
	r.text(&s.request.bodyURL, "url", "", "url",
		"ask this URL once for each input line, which is its body (POST, or -X); JSON where it starts with { or [, else as "+
			"of -d")
	r.list(&s.request.data, "data", "d", "data",
		"body of requests that bring none, as curl sends it; @file reads it from a file")
	r.layeredList(&s.request.headers, &s.request.inherited, "header", "H", "line",
		"a header for every request; @file reads them from a file, and again when they have expired (401); 'Name:' takes "+
			"one away; those of BATCHFETCH_HEADER count beside it, but for names that it has")
	r.text(&s.request.user, "user", "u", "user:password",
		"Basic authentication for every host of the input; better given as BATCHFETCH_USER, or @file")
	r.bool(&s.request.netrc, "netrc", "n",
		"take user and password of each host of the input from ~/.netrc, or the file that $NETRC names")
	r.list(&s.request.cookies, "cookie", "b", "data|file",
		"cookies, name=value; name2=value2, for every host of the input; without = the file they are in (Netscape's "+
			"format); what answers set is kept for the run, and '' does only that")
	s.request.userAgent = "batchfetch/" + version()
	r.text(&s.request.userAgent, "user-agent", "A", "name", "the User-Agent header; empty sends none")
	r.int(&o.MaxRedirects, "max-redirs", "", "n", "most redirects followed; 0 follows none: a 3xx is then the answer")
	r.bool(&o.PathAsIs, "path-as-is", "",
		"leave /./ and /../ in the paths of URLs; else they are resolved, as in browsers")
	add(r, &o.AcceptStatus, "accept-status", "", "list", o.AcceptStatus.String(),
		"final statuses that are a success: 200-299,404,5xx", judge.ParseStatuses)
	add(r, &o.Paginate, "paginate", "", "place", "none",
		"follow pages, each a Record of its own: link (the header Link: <…>; rel=\"next\"), or a JSON pointer such as "+
			"/links/next to the next page's URL in the body", paging.Parse)
	r.int(&o.MaxPages, "max-pages", "", "n", "number of the last page that is followed to")
}

func registerConnection(r *registrar, s *settings) {
	o := &s.fetch
	r.group = "connection"
	add(r, &s.proxy, "proxy", "x", "url", "",
		"http://, https://, socks5:// or socks5h://[USER:PASSWORD@]HOST[:PORT]; better given as BATCHFETCH_PROXY; '' "+
			"is none (default http_proxy, HTTPS_PROXY, ALL_PROXY, NO_PROXY)", parseProxy)
	r.text(&o.UnixSocket, "unix-socket", "", "path",
		"ask over this socket, whatever host a URL names; no proxy, no look-up, nothing for --private to check")
	r.list(&s.resolve, "resolve", "", "host:port:addr",
		"ask this address for that host (* is any) and port in place of DNS; several with commas, and more than once")
	r.bool(&o.IPv4, "ipv4", "4", "connect over IPv4 only")
	r.bool(&o.IPv6, "ipv6", "6", "connect over IPv6 only")
	r.text(&s.tls.cacert, "cacert", "", "file", "PEM certificates to trust in place of the system's")
	r.text(&s.tls.cert, "cert", "E", "file", "PEM client certificate")
	r.text(&s.tls.key, "key", "", "file", "PEM key of the client certificate, where it is not in the same file")
	add(r, &s.tls.min, "tls-min", "", "version", "1.2", "least version of TLS: 1.0, 1.1, 1.2 or 1.3", parseTLSVersion)
	r.bool(&s.tls.legacy, "tls-legacy", "",
		"allow what old servers want and OpenSSL 3 still does: TLS 1.0 and 1.1, RSA key exchange, 3DES")
	r.bool(&s.tls.insecure, "insecure", "k", "do not check the server's certificate")
	add(r, &o.HTTP, "http", "", "version", string(o.HTTP), "auto, 1.1 or 2",
		oneOf(transport.Auto, transport.HTTP1, transport.HTTP2))
	add(r, &o.Private, "private", "", "rule", string(o.Private),
		"redirects (public pages may not redirect to private addresses), deny (no private addresses at all) or allow",
		oneOf(dial.PrivateRedirects, dial.PrivateDeny, dial.PrivateAllow))
}

func registerOutput(r *registrar, s *settings) {
	o := &s.fetch
	r.group = "body"
	add(r, &s.output.body, "body", "", "mode", string(s.output.body),
		"auto (JSON as a value, text as a string, else base64), text, base64 or none",
		oneOf(encode.BodyAuto, encode.BodyText, encode.BodyBase64, encode.BodyNone))
	r.bool(&s.compressed, "compressed", "", "ask for gzip, br, zstd and deflate, and decode them")
	r.text(&s.output.saveDir, "save-dir", "P", "dir",
		"save bodies as files below it; Records then have path in place of body; what was cut off is continued, by a "+
			"retry or the next run")
	add(r, &s.output.name, "name", "", "template", "",
		"name of a saved body: {host} {path} {filename} (the server's) {base} {ext} {index} {index:06} {id} {page} {sha256} "+
			"and / for folders; the input line's path wins (default: the URL's path as folders below its host, with a "+
			"short hash where two would meet)", savedir.ParseNameTemplate)
	r.bool(&s.output.skipExisting, "skip-existing", "",
		"leave alone what is in the directory of --save-dir whole (by the sha256 of its line, where that has one)")
	add(r, &s.maxBody, "max-body", "", "size", "16Mi",
		"largest decoded body; with --save-dir 10Gi where this is left out", parse.Size)
	add(r, &s.tempMax, "temp-max", "", "size", "half of what is free",
		"room in TMPDIR for large bodies and what --ordered holds back; who finds it taken waits until others are "+
			"written", parse.Size)
	add(r, &o.FailureBody, "failure-body", "", "size", "1Ki",
		"how much of the text of a failed answer a failure has as response_body; 0 is none", parse.Size)
	r.group = "output"
	r.text(&s.output.output, "output", "o", "file",
		"where successes go; FILE.part until the run has ended, and FILE once it is complete (--publish); .gz and .zst "+
			"are compressed (default standard output)")
	s.output.publish = publishComplete
	add(r, &s.output.publish, "publish", "", "when", string(s.output.publish),
		"complete replaces FILE by a run that came to its end and in which something succeeded, always also by one that "+
			"--deadline, --fail-fast or --max-failures ended; else the new one stays FILE.part",
		oneOf(publishComplete, publishAlways))
	r.text(&s.output.failures, "failures", "", "file",
		"where failures go, and nothing else: an empty file is a run without failures; - puts them among the successes "+
			"(default standard error)")
	r.text(&s.output.summary, "summary", "", "file",
		"where the summary goes, as JSON (default standard error; with --failures - the output)")
	r.bool(&s.output.ordered, "ordered", "", "write in the order of the input; what is early waits in a temporary file")
	r.bool(&o.KeepHeader, "headers", "", "put the answer's headers into the Records")
	r.bool(&o.KeepTiming, "timing", "", "put dns, connect, tls, first byte and body times into the Records")
	r.bool(&s.output.resume, "resume", "",
		"go on with --output where an earlier run of the same command left it, killed or not: what is done is not "+
			"asked again")
	r.bool(&s.unique, "unique", "",
		"skip requests that ask the same as an earlier one (method, URL, headers, body, id); each different one takes "+
			"20 to 40 bytes of memory")
}

func registerCache(r *registrar, s *settings) {
	r.group = "cache"
	r.text(&s.cache.address, "cache", "", "dir|url",
		"keep answers for the next run, and ask only for what is not fresh any more; in a directory, or in Redis: "+
			"redis://[user:password@]host[:port][/db], rediss:// with TLS, better given as BATCHFETCH_CACHE")
	r.duration(&s.fetch.CacheTTL, "cache-ttl",
		"use every success again for so long, whatever its headers say; 0 goes by them (RFC 9111)")
	add(r, &s.cache.max, "cache-max", "", "size", "10Gi",
		"room of a cache directory; the longest unused goes first", parse.Size)
	r.bool(&s.cache.changed, "changed", "", "write only what is new or differs from the cached copy")
}

func registerRun(r *registrar, s *settings) {
	r.group = "run"
	r.bool(&s.failFast, "fail-fast", "", "stop at the first failure, as --max-failures 0 does")
	add(r, &s.maxFailures, "max-failures", "", "n or p%", "none",
		"failures allowed, the next one stops the run; p% (or ppct, for crontabs) is the share allowed at the end, and "+
			"stops the run once it can't be met any more", parseFailureLimit)
	add(r, &s.shard, "shard", "", "i/n", "",
		"only the i-th of n parts of the input, by the host's name; auto or auto/n asks the engine that started the "+
			"job (see batchfetch help sharding)", parseShard)
	r.bool(&s.dryRun, "dry-run", "", "count the requests of each host and ask nothing; with --resume those that are left")
	r.group = "telling"
	add(r, &s.progress, "progress", "", "mode", string(s.progress),
		"auto (a bar on a terminal), bar, plain (for logs: a line every 10 s, the last one, and all else in words) or none",
		oneOf(progressAuto, progressBar, progressPlain, progressNone))
	r.bool(&s.quiet, "quiet", "q",
		"say nothing unless the run ends with another code than 0: then a summary of ten lines at most, for a mail")
	r.bool(&s.verbose, "verbose", "v", "log every exchange")
	r.duration(&s.fetch.Slow, "slow", "log each exchange that takes longer")
}
