package cmd

import (
	"strings"

	"github.com/spf13/pflag"

	"batchfetch/fetch"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/input"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/paging"
	"batchfetch/fetch/parse"
	"batchfetch/fetch/transport"
	"batchfetch/output/encode"
	"batchfetch/output/savedir"
)

// groups are the headings of the help, in its order.
var groups = []string{
	"limits", "retry", "time", "request", "connection", "body", "output", "cache", "run", "messages",
}

// register adds every flag to flags, with its default, as a way to set s. Texts that can't be parsed go to found.
func register(flags *pflag.FlagSet, s *settings, found *problems) {
	s.fetch = fetch.Defaults()
	s.maxBody, s.tempMax, s.cache.max, s.maxFailures.count = -1, -1, -1, -1
	s.output.body, s.progress, s.compressed = encode.BodyAuto, progressAuto, true
	s.shardBy, s.form = shardByHost, input.FormAuto
	r := &registrar{flags: flags, problems: found}
	flags.SortFlags = false
	registerLimits(r, s)
	registerRetries(r, s)
	registerTimes(r, s)
	registerRequest(r, s)
	registerConnection(r, s)
	registerBody(r, s)
	registerOutput(r, s)
	registerCache(r, s)
	registerRun(r, s)
}

func registerLimits(r *registrar, s *settings) {
	o := &s.fetch
	r.group = "limits"
	r.int(&o.Concurrency, "concurrency", "j", "n", "most requests in progress at once")
	r.int(&o.HostConcurrency, "host-concurrency", "", "n", "most requests in progress at once on one host")
	add(r, &o.Rate, "rate", "", "rate", "none",
		"most requests started in the whole run, evenly spaced: 10/s, 60/m, 1/15s", parse.Rate)
	add(r, &o.HostRate, "host-rate", "", "rate", "none", "most requests started on each host, evenly spaced", parse.Rate)
	r.text(&s.limits, "limits", "", "url",
		"keep rates, --host-concurrency and pauses of hosts together with all processes that name this Redis server: "+
			"redis://[user:password@]host[:port][/db], rediss:// for TLS (help sharding)")
	r.bool(&o.Adaptive, "adaptive", "",
		"lower the rate of a host that refuses requests (429, Retry-After), raise it again step by step, and "+
			"obey announced quotas (RateLimit)")
	r.bool(&o.Robots, "robots", "",
		"obey the robots.txt of each host (RFC 9309), and its Crawl-delay; what it forbids fails as robots (help politeness)")
	r.int(&o.Lookahead, "lookahead", "", "n", "most requests read ahead; bounds the memory")
	add(r, &o.Aside, "aside", "", "size", "12Mi",
		"memory for requests set aside, compressed, while hosts at their limit fill --lookahead; 0 sets none "+
			"aside", parse.Size)
	add(r, &o.Bandwidth, "bandwidth", "", "size", "none",
		"most bytes received per second in the whole run (10M), shared equally by the requests in progress",
		parse.Bandwidth)
	r.text(&s.hostsFile, "hosts", "", "file",
		"limits, timeouts, retries, headers and credentials of single hosts, as YAML or JSON (help hosts)")
}

func registerRetries(r *registrar, s *settings) {
	o := &s.fetch
	r.group = "retry"
	r.int(&o.Retries, "retries", "", "n", "attempts after the first one failed")
	add(r, &o.RetryOn, "retry-on", "", "list", strings.Replace(o.RetryOn.String(), ",dns", ", dns", 1), // fits into lines
		"statuses and kinds of failure that are retried", judge.ParseRetryOn)
	add(r, &o.ThrottleOn, "throttle-on", "", "list", "none",
		"statuses that are a refusal, like 429: the host is paused and no retry used up", parseStatusesOrNone)
	r.duration(&o.RetryDelay, "retry-delay",
		"longest first wait; it doubles with each retry, and each wait is random from zero on")
	r.duration(&o.RetryMaxDelay, "retry-max-delay", "longest wait, and longest Retry-After obeyed")
	r.duration(&o.RetryMaxTime, "retry-max-time", "longest time for all attempts and waits of one URL")
	add(r, &o.Poll, "poll", "", "list", "none",
		"statuses that mean \"not ready yet\" (202): the request is repeated after Retry-After or a growing "+
			"delay; POST, PUT, PATCH and DELETE only with --retry-unsafe",
		parseStatusesOrNone)
	r.duration(&o.PollTime, "poll-time", "longest time that one URL may be not ready")
	r.bool(&o.RetryUnsafe, "retry-unsafe", "", "retry POST and PATCH, too")
	r.int(&o.HostMaxErrors, "host-max-errors", "", "n",
		"attempts in a row without any answer, after which a host gets three single probes, then nothing; 0 "+
			"is no limit")
}

func registerTimes(r *registrar, s *settings) {
	o := &s.fetch
	r.group = "time"
	r.duration(&o.ConnectTimeout, "connect-timeout",
		"name lookup, connection and TLS handshake together; 0 is no limit")
	r.duration(&o.StallTimeout, "stall-timeout", "longest time in which less than 1 KiB moves; 0 is no limit")
	r.duration(&o.Timeout, "timeout", "longest time for one attempt")
	r.duration(&o.Deadline, "deadline", "longest time for the whole run")
}

func registerRequest(r *registrar, s *settings) {
	o := &s.fetch
	r.group = "request"
	r.text(&o.Method, "request", "X", "method", "method of requests that name none")
	r.bool(&o.HeadOnly, "head", "",
		"request headers only: HEAD, or GET without reading the body where the server has no HEAD: it answers "+
			"by 400, 404, 405, 406, 501 or what is no HTTP, or closes the connection")
	r.text(&s.request.bodyURL, "url", "", "url",
		"send each input line as a body to this URL, by POST or -X")
	r.list(&s.request.data, "data", "d", "data",
		"body of requests without one, as curl sends it; @file reads a file")
	r.layeredList(&s.request.headers, &s.request.inherited, "header", "H", "line",
		"header for every request; @file reads a file, and again after a 401; 'Name:' removes a header")
	r.text(&s.request.user, "user", "u", "user:password",
		"Basic authentication for every host of the input; @file reads a file")
	r.bool(&o.Digest, "digest", "",
		"Digest authentication in place of Basic, with user and password of -u, -n, --hosts or the URL")
	r.text(&s.request.sigV4, "aws-sigv4", "", "aws:amz[:region[:service]]",
		"sign requests for AWS and the like, with -u KEY:SECRET or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "+
			"AWS_SESSION_TOKEN of the environment")
	r.text(&s.request.bearer, "oauth2-bearer", "", "token",
		"Authorization: Bearer token for every host of the input; @file reads a file, and again after a 401")
	r.bool(&s.request.netrc, "netrc", "n",
		"user and password of each host from ~/.netrc, or the file that $NETRC names")
	r.list(&s.request.cookies, "cookie", "b", "data|file",
		"cookies as name=value; name2=value2, or a file in Netscape's format; cookies that servers set are "+
			"kept for the run, and '' does only that")
	s.request.userAgent = "batchfetch/" + version()
	r.text(&s.request.userAgent, "user-agent", "A", "name", "User-Agent header; empty sends none")
	r.int(&o.MaxRedirects, "max-redirs", "", "n",
		"most redirects followed; 0 follows none, so that a 3xx is the answer")
	r.bool(&o.PathAsIs, "path-as-is", "",
		"leave /./ and /../ in the paths of URLs")
	add(r, &o.AcceptStatus, "accept-status", "", "list", o.AcceptStatus.String(),
		"final statuses that are a success: 200-299,404,5xx", judge.ParseStatuses)
	add(r, &o.Paginate, "paginate", "", "place", "none",
		"follow pages: link (the header Link: <…>; rel=\"next\"), or a JSON pointer such as /links/next to "+
			"the URL of the next page, or NAME=POINTER, NAME=ELEMENT of XML, to the value of a parameter, "+
			"a/rel=next@href in HTML, or page=+1, which counts (help pages)", paging.Parse)
	r.int(&o.MaxPages, "max-pages", "", "n", "most pages of one input line")
}

func registerConnection(r *registrar, s *settings) {
	o := &s.fetch
	r.group = "connection"
	add(r, &s.proxy, "proxy", "x", "url", "",
		"http://, https://, socks5:// or socks5h://[USER:PASSWORD@]HOST[:PORT]; '' is none (default from "+
			"http_proxy, https_proxy, all_proxy, no_proxy)", parseProxy)
	r.text(&o.UnixSocket, "unix-socket", "", "path",
		"connect to this socket, whatever host a URL names")
	r.list(&s.resolve, "resolve", "", "host:port:addr",
		"connect to this address in place of DNS; * is any host; repeatable, or with commas")
	add(r, &o.NameTTL, "dns-ttl", "", "duration", "auto",
		"how long the addresses of a name are kept; auto is as DNS says, 5s to 1m; 0 looks up each time",
		parseNameTTL)
	r.bool(&o.IPv4, "ipv4", "4", "connect over IPv4 only")
	r.bool(&o.IPv6, "ipv6", "6", "connect over IPv6 only")
	r.text(&s.tls.cacert, "cacert", "", "file", "PEM certificates to trust in place of the system's")
	r.text(&s.tls.cert, "cert", "E", "file", "PEM client certificate")
	r.text(&s.tls.key, "key", "", "file", "PEM key of the client certificate, unless it is in the same file")
	add(r, &s.tls.min, "tls-min", "", "version", "1.2", "lowest version of TLS: 1.0, 1.1, 1.2 or 1.3", parseTLSVersion)
	r.bool(&s.tls.legacy, "tls-legacy", "",
		"allow TLS 1.0 and 1.1, RSA key exchange and 3DES, for old servers")
	r.bool(&s.tls.insecure, "insecure", "k", "do not check the server's certificate")
	add(r, &o.HTTP, "http", "", "version", string(o.HTTP), "auto, 1.1, 2 or 3",
		oneOf(transport.Auto, transport.HTTP1, transport.HTTP2, transport.HTTP3))
	add(r, &o.Private, "private", "", "rule", string(o.Private),
		"redirects (public pages may not redirect to private addresses), deny (no private addresses at all) "+
			"or allow",
		oneOf(dial.PrivateRedirects, dial.PrivateDeny, dial.PrivateAllow))
}

func registerBody(r *registrar, s *settings) {
	o := &s.fetch
	r.group = "body"
	add(r, &s.output.body, "body", "", "mode", string(s.output.body),
		"auto (JSON as a value, text as a string, else base64), string (JSON as text, too: one type in every line), json "+
			"(JSON as a value though some readers refuse it), text, base64 or none",
		oneOf(encode.BodyAuto, encode.BodyString, encode.BodyJSON, encode.BodyText, encode.BodyBase64,
			encode.BodyNone))
	r.bool(&s.compressed, "compressed", "", "accept gzip, br, zstd and deflate, and decode them")
	r.text(&s.output.saveDir, "save-dir", "P", "dir",
		"save bodies as files below it (help files)")
	add(r, &s.output.name, "name", "", "template", "",
		"name of a saved body: {host} {path} {filename} {base} {ext} {index} {index:06} {id} {page} {sha256} "+
			"(default the URL's path below its host)", savedir.ParseNameTemplate)
	r.bool(&s.output.skipExisting, "skip-existing", "",
		"leave complete files in --save-dir as they are")
	r.bool(&o.WantDigest, "want-digest", "",
		"request digests of bodies; those that servers send are verified in any case (help files)")
	add(r, &s.maxBody, "max-body", "", "size", "16Mi",
		"largest decoded body; 10Gi with --save-dir", parse.Size)
	add(r, &s.tempMax, "temp-max", "", "size", "half of what is free",
		"room in TMPDIR for large bodies and for what --ordered holds back", parse.Size)
	add(r, &o.FailureBody, "failure-body", "", "size", "1Ki",
		"how much of the server's text a failure contains; 0 is none", parse.Size)
}

func registerOutput(r *registrar, s *settings) {
	o := &s.fetch
	r.group = "output"
	r.text(&s.output.output, "output", "o", "file",
		"where successes go: FILE.part until the run is complete, then FILE; .gz and .zst are compressed; .warc, .warc.gz "+
			"and .warc.zst are archives of all exchanges (help archives; default standard output)")
	s.output.publish = publishComplete
	add(r, &s.output.publish, "publish", "", "when", string(s.output.publish),
		"complete replaces FILE only after a complete run in which something succeeded, always also after a "+
			"run that was stopped early",
		oneOf(publishComplete, publishAlways))
	r.text(&s.output.failures, "failures", "", "file",
		"where failures go; - is the output (default standard error)")
	r.text(&s.output.summary, "summary", "", "file",
		"where the summary goes, as JSON (default standard error)")
	r.text(&s.output.report, "report", "", "file",
		"write a page of HTML that shows what the run did: it loads nothing (help report)")
	r.text(&s.output.metrics, "metrics", "", "file",
		"write what the run did, as NAME.prom, for the textfile collector of Prometheus' node_exporter (help monitoring)")
	r.text(&s.output.junit, "junit", "", "file",
		"write what failed, by host, as JUnit XML for CI that shows tests (help ci)")
	r.bool(&s.output.ordered, "ordered", "", "write in the order of the input")
	r.bool(&o.KeepHeader, "headers", "", "add the headers of the answer to Records")
	r.bool(&o.KeepTiming, "timing", "",
		"add times for dns, connect, tls, first byte and body to Records, and whether the connection was kept")
	r.bool(&s.output.allMembers, "all-members", "",
		"null for each member of a Record that has no value, in place of leaving it out, for readers that guess "+
			"columns from the first lines (help readers)")
	r.bool(&s.output.resume, "resume", "",
		"continue where an earlier run of the same command ended, killed or not (help resume)")
	s.output.repack = true
	r.bool(&s.output.repack, "repack", "",
		"once all is done, make an output of --resume in .gz or .zst one member or frame")
	r.bool(&s.unique, "unique", "",
		"skip requests equal to an earlier one; takes 20 to 40 bytes of memory for each")
}

func registerCache(r *registrar, s *settings) {
	r.group = "cache"
	r.text(&s.cache.address, "cache", "", "dir|url",
		"keep answers for the next run, in a directory or in Redis: redis://[user:password@]host[:port][/db], "+
			"rediss:// for TLS (help cache)")
	r.duration(&s.fetch.CacheTTL, "cache-ttl",
		"every success is fresh for this time; 0 obeys its headers (RFC 9111)")
	add(r, &s.cache.max, "cache-max", "", "size", "10Gi",
		"size of a cache directory", parse.Size)
	r.bool(&s.cache.changed, "changed", "", "write only what is new or differs from the cached answer")
}

func registerRun(r *registrar, s *settings) {
	r.group = "run"
	r.bool(&s.failFast, "fail-fast", "", "stop at the first failure")
	add(r, &s.maxFailures, "max-failures", "", "n or p%", "none",
		"number of failures allowed, or their share at the end (p%, in a crontab ppct); the run stops when it "+
			"is exceeded for certain", parseFailureLimit)
	r.bool(&s.exitZero, "exit-zero", "", "exit with 0, and not 3, when the run is complete and some requests failed")
	add(r, &s.form, "input", "", "form", string(s.form),
		"what the input is: lines, csv or tsv with a header that names url, json for an array, sitemap; auto is lines, an "+
			"array or a sitemap (help input)", oneOf(input.FormAuto, input.FormLines, input.FormCSV, input.FormTSV,
			input.FormJSON, input.FormSitemap))
	add(r, &s.shard, "shard", "", "i/n", "",
		"only part i of n of the input, by host; auto, auto/n and auto/0-7 take it from the scheduler of the job "+
			"(help sharding)", parseShard)
	add(r, &s.shardBy, "shard-by", "", "what", string(s.shardBy),
		"host, so that the limits of hosts hold for all shards together; or request, for one large host: then --rate, "+
			"--host-rate and the rates of --hosts are divided by n", oneOf(shardByHost, shardByRequest))
	r.bool(&s.dryRun, "dry-run", "",
		"count the requests of each host and send none; with --resume those that are left")
	r.group = "messages"
	add(r, &s.progress, "progress", "", "mode", string(s.progress),
		"auto (a bar on a terminal), bar, plain (for logs: a line every 10 s, and words) or none",
		oneOf(progressAuto, progressBar, progressPlain, progressNone))
	r.bool(&s.quiet, "quiet", "q",
		"print nothing unless the run ends with another code than 0, then a summary of at most ten lines")
	r.bool(&s.verbose, "verbose", "v", "log every attempt: what follows it, its address, and times as --timing")
	r.duration(&s.fetch.Slow, "slow", "log each request that takes longer")
}
