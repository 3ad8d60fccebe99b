package cmd

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"batchfetch/fetch"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/output"
	"batchfetch/output/encode"
)

// kindHints say what to do about each kind of failure, but for failure.BadStatus.
var kindHints = map[failure.Kind]string{
	failure.InvalidRequest: "the line can't be used as it stands",
	failure.DNS:            "check the host's name, and the network",
	failure.Connect:        "nothing answers there: is the port right, the server up?",
	failure.TLS:            "--cacert FILE trusts a private authority, that of an https:// proxy too",
	failure.Timeout:        "the network gave up: is the host reachable from here?",
	failure.Stalled:        "the connection went silent: lower --host-concurrency",
	failure.Reset:          "the server reset the connection: lower --host-concurrency or set --host-rate",
	failure.Truncated: "the server closed the connection early: lower --host-concurrency, set --host-rate, " +
		"or raise --retries",
	failure.Protocol:         "the answer is not valid HTTP: is it a web server, and the port right?",
	failure.TooManyRedirects: "a loop, or raise --max-redirs",
	failure.TooLarge:         "raise --max-body",
	failure.Checksum:         "the content is not what the input's sha256 says",
	failure.Decode:           "--compressed=false requests the body without compression",
	failure.HostDown: "the host is down or unreachable: run the failures again later; " +
		"--host-max-errors 0 tries every request",
	failure.RateLimited: "the host limits the rate of requests: raise --retry-max-delay to wait for it, set " +
		"--host-rate, or run the failures again later; with credentials (-u, -n, -H @file) many hosts allow more",
	failure.Robots:   "the host's robots.txt does not want programs to request them: ask its owner, or leave --robots out",
	failure.Canceled: "run the same input again: what was not started is in no list of failures",
}

// optionHints say what to do about failures that name an option, by failure.Failure.Option.
var optionHints = map[string]string{
	"cert":                "the server refuses what it is offered: it may want a client certificate, -E",
	dial.OptionClientCert: "the server does not accept the certificate of -E: another one, with its --key",
	dial.OptionChain: "the server has to send its intermediate certificate, too; until then --cacert FILE with that " +
		"one and its authority's trusts it, and -k checks no certificate",
	dial.OptionCommon: "the server and this program have no cipher suite, TLS version or kind of key in common (RSA-PSS " +
		"keys are not supported), or it wants a client certificate, -E, or a name in place of the URL's address",
	dial.OptionName: "the server has no certificate for that name; where the URL has an address, write the name, with " +
		"--resolve for its address",
	dial.OptionAddress: "the server may have a certificate for names alone: write one in place of the URL's address, " +
		"with --resolve for that",
	dial.OptionServer: "the server gave the TLS handshake up, as one without a certificate for that name does: " +
		"run the failures again later",
	dial.OptionUnreadable: "the server sends what Go's TLS does not accept; GODEBUG=rsa1024min=0 in the environment " +
		"accepts short RSA keys, tlsmaxrsasize=16384 long ones",
	dial.OptionTickets: "the server has to send fewer TLS session tickets (OpenSSL: num_tickets), or speak TLS 1.2",
	dial.OptionNoRoots: "install the package ca-certificates, copy its file into the container as " +
		"/etc/ssl/certs/ca-certificates.crt, or name it by --cacert FILE",
	dial.OptionHello: "the server did not answer a TLS handshake: where a path drops large packets another attempt " +
		"helps, --retries 1, which goes without the post-quantum key share",

	"cacert":            "--cacert FILE trusts the authority that signed the certificate; -k checks no certificate",
	"insecure":          "the server needs another certificate; -k checks no certificate",
	"resolve":           "use a name that the certificate has, with --resolve for its address; -k checks no certificate",
	"tls-legacy":        "--tls-legacy allows what old servers want: TLS 1.0 and 1.1, RSA key exchange, 3DES",
	"tls-min":           "the server speaks an older TLS than --tls-min allows",
	"http":              "--http auto takes whichever version of HTTP the server speaks",
	failure.FailingHost: "the host responds to all requests by an error: run the failures again later",

	failure.BrokenBody: "the server failed while it sent the body, as its log may say: run the failures again later, or " +
		"raise --retries",

	failure.BadRedirect: "the server redirects to what can't be requested; with --max-redirs 0 --accept-status 3xx the " +
		"redirect is the answer",
	failure.KeptPart: "a cache on the way may have kept a part in place of the whole, and answers by it whatever is " +
		"requested: run the failures again later",
	failure.BadPage: "batchfetch help pages says what --paginate expects in an answer",

	dial.OptionProxyDown: "is the proxy right, of -x or of https_proxy, http_proxy or all_proxy in the environment? " +
		"-x '' connects without one",
	dial.OptionProxyStep: "the proxy makes no connection to that host and port: is it allowed to, is the name right?",

	"proxy": "the proxy wants a user and password, or others: -x http://USER:PASSWORD@HOST, as BATCHFETCH_PROXY",
	failure.OptionNoLogin: "the proxy says 407 and names no login that it takes: it may not allow that host, or want a " +
		"user and password, -x http://USER:PASSWORD@HOST",
	failure.OptionOtherLogin: "batchfetch logs in to proxies by Basic alone: a proxy on this machine that logs in to " +
		"that one, such as cntlm or Px, can be named by -x",
	failure.TempDir: hintTempRoom,

	"digest": "--digest with the user and password of -u, -n or --hosts FILE; where it is given these are wrong",
	"url":    "a line that is JSON needs a \"url\"; --url URL sends each line as a body to that URL",

	"migration": "batchfetch help migration has commands that make requests of the files of other programs",

	"input": "--input csv reads a table with a header that names url, --input tsv one with tabs",

	"connect-timeout": "raise --connect-timeout, which is for name lookup, connection and TLS handshake, or lower -j",
	"timeout":         "raise --timeout, which is for a whole exchange, or lower -j",
	"stall-timeout":   "the server went silent: raise --stall-timeout, or lower --host-concurrency",
	"deadline":        "raise --deadline, or run the same input again: what was not started is in no list of failures",
	"poll-time":       "raise --poll-time, or run the failures again later",
	"retry-max-time":  "raise --retry-max-time, or run the failures again later",

	failure.RetryUnsafe: "POST, PATCH and other methods that may do their work twice are sent once: --retry-unsafe, or " +
		"\"retry\": true in the line, sends them again",

	failure.PlainScheme: "the port speaks no TLS: the URL has to begin with http://",
	failure.TLSScheme:   "the port speaks TLS: the URL has to begin with https://",
	failure.AnyScheme:   "write https:// in front of the host, as in https://example.com/",
}

// bandwidthLimit is 509 Bandwidth Limit Exceeded, which no RFC has and --retry-on does not name.
const bandwidthLimit = 509

// hintForKind returns what to do about a kind of failure; an option that example names goes before it, and its
// status tells those of failure.BadStatus apart.
func hintForKind(kind failure.Kind, example output.Example) string {
	switch {
	case example.Option != "":
		return optionHints[example.Option]
	case kind != failure.BadStatus:
		return kindHints[kind]
	case example.Status == http.StatusUnauthorized:
		return "credentials are missing or have expired: -u, -n, or -H @file with Authorization"
	case example.Status == http.StatusForbidden:
		return "not allowed, or too often: give credentials (-u, -n, -H @file), or where the host means a limit " +
			"lower --host-rate and say --throttle-on 403"
	case example.Status == http.StatusTooManyRequests:
		return kindHints[failure.RateLimited]
	case example.Status == http.StatusServiceUnavailable:
		return "the server failed or limits requests: run the failures again later, raise --retries, or where it is a " +
			"limit set --host-rate or --throttle-on 503"
	case example.Status == bandwidthLimit:
		return "a limit of the host: lower --host-rate, and --throttle-on 509 waits for it"
	case example.Status >= 500:
		return "the server failed: run the failures again later, or raise --retries"
	}
	return fmt.Sprintf("--accept-status 200-299,%d takes such answers for success", example.Status)
}

// maxExpiredHints is how many hosts expiredHints names.
const maxExpiredHints = 5

// expiredHints returns a hint for each host all of whose last answers were 401, at most maxExpiredHints.
func expiredHints(sum fetch.Summary) []string {
	var hints []string
	for _, host := range slices.Sorted(maps.Keys(sum.Unauthorized)) {
		if len(hints) == maxExpiredHints {
			break
		}
		u := sum.Unauthorized[host]
		hints = append(hints, fmt.Sprintf("all %d answers of %s since %s are 401: have the credentials expired?", u.Count,
			encode.Printable(truncate(host)), u.Since.Format("15:04:05")))
	}
	return hints
}

// watchedHints returns what to know of hosts whose changes --changed sees late, or by whole bodies only: a hint for
// each of the two at most, about the host that has most of them.
func watchedHints(sum fetch.Summary) []string {
	var hints []string
	unvalidated, fresh := make(map[string]int64), make(map[string]int64)
	for host, w := range sum.Watched {
		if w.Unvalidated > 0 {
			unvalidated[host] = w.Unvalidated
		}
		if w.Fresh > 0 {
			fresh[host] = w.Fresh
		}
	}
	if hosts := keysByCount(unvalidated); len(hosts) > 0 {
		hints = append(hints, fmt.Sprintf("%d answers of %s have no ETag or date that the server would answer by 304: "+
			"--changed gets them whole each time", unvalidated[hosts[0]], firstHost(hosts)))
	}
	if hosts := keysByCount(fresh); len(hosts) > 0 {
		hints = append(hints, fmt.Sprintf("%d answers of %s may be used again for %s (Cache-Control), and --changed "+
			"requests them after that; -H 'Cache-Control: max-age=0' requests them each time", fresh[hosts[0]], firstHost(hosts),
			formatDuration(sum.Watched[hosts[0]].FreshFor)))
	}
	return hints
}

// unpolledHints returns a hint where responses of a status of --poll were not asked for again.
func unpolledHints(sum fetch.Summary) []string {
	if sum.Unpolled == 0 {
		return nil
	}
	return []string{fmt.Sprintf("answers of a --poll status to POST, PUT, PATCH or DELETE are final (%d), as another "+
		"request would do its work twice; --retry-unsafe, or \"retry\": true in the line, sends it again unless the answer "+
		"has a Location", sum.Unpolled)}
}

// pagesHints returns a hint where no response names a next page, as of a --paginate that looks in the wrong place.
func pagesHints(sum fetch.Summary) []string {
	if sum.SinglePages == 0 || sum.SinglePages < sum.Succeeded {
		return nil
	}
	return []string{"no response names a next page where --paginate looks for it: each list has one page, or it stands " +
		"elsewhere (batchfetch help pages)"}
}

// firstHost returns the first of some hosts, and how many more there are.
func firstHost(hosts []string) string {
	first := encode.Printable(truncate(hosts[0]))
	if len(hosts) > 1 {
		first += fmt.Sprintf(" and %d more hosts", len(hosts)-1)
	}
	return first
}

// limitFrom is how many exchanges a run has had whose bound says something.
const limitFrom = 20

// limitHint returns what bound the speed of a run, and for how much of its time; "" for a short one.
func limitHint(c *config, sum fetch.Summary) string {
	if sum.Elapsed.Seconds() < 1 || sum.Exchanges < limitFrom || sum.LimitedBy == "" {
		return ""
	}
	share := int(100 * sum.LimitedFor[sum.LimitedBy].Seconds() / sum.Elapsed.Seconds())
	what := ""
	switch sum.LimitedBy {
	case fetch.LimitConcurrency:
		what = fmt.Sprintf("--concurrency %d", c.fetch.Concurrency)
	case fetch.LimitHostConcurrency:
		what = fmt.Sprintf("--host-concurrency %d%s", c.fetch.HostConcurrency, orHostsFile(c)) + onHost(sum.LimitedHost)
	case fetch.LimitRate:
		what = "--rate"
	case fetch.LimitHostRate:
		what = "--host-rate" + orHostsFile(c) + onHost(sum.LimitedHost)
	case fetch.LimitBandwidth:
		what = "--bandwidth " + formatBandwidth(c.fetch.Bandwidth)
	case fetch.LimitPausedHosts:
		what = "waits for hosts that refused or failed" + mostlyHost(sum.LimitedHost)
	case fetch.LimitQuota:
		what = "the quotas of hosts" + mostlyHost(sum.LimitedHost)
	case fetch.LimitNetwork:
		what = "the time that the last responses took"
	case fetch.LimitDNS:
		what = "the look-ups of host names"
	case fetch.LimitInput:
		what = "the input"
	case fetch.LimitOutput:
		what = "the output"
	case fetch.LimitCache:
		what = "the cache"
	}
	return fmt.Sprintf("Limited by %s (%d%% of the time)", what, min(share, 100))
}

// onHost returns " on HOST"; "" for a limit that was not that of one host.
func onHost(origin string) string {
	if origin == "" {
		return ""
	}
	return " on " + hostOf(origin)
}

// mostlyHost returns ", mostly HOST"; "" where no host was waited for more than others.
func mostlyHost(origin string) string {
	if origin == "" {
		return ""
	}
	return ", mostly " + hostOf(origin)
}

// hostOf returns the host of an origin such as https://example.com.
func hostOf(origin string) string {
	if _, host, found := strings.Cut(origin, "://"); found {
		origin = host
	}
	return encode.Printable(truncate(origin))
}

// orHostsFile returns the words for limits that --hosts may have set in place of the flag.
func orHostsFile(c *config) string {
	if !c.hostLimits {
		return ""
	}
	return " or a limit of --hosts"
}

// formatBandwidth returns bytes per second as a text for --bandwidth.
func formatBandwidth(bytes float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"G", 1e9}, {"M", 1e6}, {"k", 1e3}} {
		if bytes >= unit.size {
			return fmt.Sprintf("%.4g%s", bytes/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.4g", bytes)
}

// keysByCount returns the keys, the largest count first; equal counts by key.
func keysByCount(counts map[string]int64) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}
