package cmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"batchfetch/cmd/hostsfile"
)

// shortHelp is what batchfetch prints on a terminal without arguments.
const shortHelp = `batchfetch: give it URLs, get JSON lines.

  batchfetch urls.txt > pages.jsonl 2> failures.jsonl     a file of URLs, or of JSON lines
  seq 9 | sed 's#^#https://example.com/#' | batchfetch    what other commands print
  batchfetch https://example.com/a | jq -r .body          one URL
  batchfetch failures.jsonl >> pages.jsonl                what failed, once more

  -j N               requests at once (50); --host-concurrency N on one host (10)
  --host-rate 5/s    most requests to one host
  -o FILE --resume   goes on where a run was interrupted
  -P DIR             saves bodies as files
  -H 'Name: value'   a header, as with curl; so are -X, -d, -u, -n, -b, -k, -x

batchfetch demo shows a run that needs no network; batchfetch --help has all the rest.
`

// helpHead is the help before the flags.
const helpHead = `batchfetch: give it URLs, get JSON lines.

Usage:
  batchfetch [flags] [FILE | URL | -]...

An argument that holds :// is a URL, - is standard input, anything else a file of URLs
or JSON lines, .gz and .zst included. Without arguments standard input is read.
Successes go to standard output, failures and a summary to standard error.

Commands:
  demo        run a batch against a server inside the process
  doctor URL  tell step by step what a request meets, for a bug report
  schema      print the JSON Schema of the output
  completion  print a completion script for a shell
  version     print the version
  man         print the man page, or write it and one for each topic into a directory
`

// helpTail is the help after the flags.
const helpTail = `
Every flag can be set in the environment: --host-rate as BATCHFETCH_HOST_RATE; the command line wins. A flag that may be
given more than once has one value on each line there. An empty one counts as not set, but for --user-agent and --data.
Sizes take k, M, G (1000) and Ki, Mi, Gi (1024); rates are 10/s, 60/m, 1000/h or 1/15s; durations 500ms, 30s, 5m.

Input lines: a URL, or {"url": …, "method": …, "headers": {…}, "body": …, "body_base64": …, "id": …, "meta": …,
"sha256": …, "path": "name under --save-dir", "retry": true, "page": …}: each name once, in these letters. Blank lines
and lines starting with # are skipped. Records are input too: a failure asks its request again.

--hosts FILE has settings of single hosts, in YAML, which JSON is too (1 MiB at most):` +
	hostsfile.Example +
	`Of the entries that name a host only the most exact one counts: the name before "*.suffix", "*" last; then scheme and
port; and beside it the longest path, which can't have headers, user, password or connect_timeout. It wins over the
command line, which wins over -n; an input line's headers, and the URL's user, win over it.

Who asks: a header Authorization, else the URL's user and password, else -u, else -n. Neither these nor the cookies and
headers of the command line, --hosts or the input go over to another scheme, host or port by a redirect; of the entry
that --hosts has for that other one only limits, timeouts and retries count there. But what belongs to a host goes to it
by https, with GET and HEAD, wherever the redirects began: the entry of -n that names it (default does not), as with
curl -n -L, and in --hosts the user, password and headers of an entry with login: true. A cookie of a -b file
goes where its domain, path and Secure say. One that an answer set goes for the run to the scheme, host and port it came
from, and with a Domain to that domain by the same scheme at any port; from http on to https of the same host, never
back, and never to all of a public suffix.

--paginate makes each page a Record with index and id of its line, page 1, 2, … and the URL of the next one. Pages count
like requests. Those after the first are asked for by GET (or HEAD), without a body; to another scheme, host or port go
no secrets. A page that fails goes on from there when it is fed back; --resume goes on from the first that is not done.
--max-pages is an end, from where --resume with a higher one goes on; a page that came before is a failure. null, false,
"" or nothing at the pointer is the last page.

Bodies over 1 MiB that stand in Records, and what --ordered holds back, pass through files in TMPDIR (/tmp), in all at
most --temp-max and one body. A body that finds the room taken, or the disk full, is given up and asked for again once
others are written; where the disk stays full for half a minute it is a failure of kind io.

A host refuses a request for a limit of its own by 429, by a 4xx or 5xx with Retry-After or with a quota told as spent,
or by a status of --throttle-on. It is left alone for what it says, or for a pause that grows from --retry-delay to 16
times that, and then asked at a lower rate, which comes back step by step; other hosts go on. The URL is asked again at
no cost of its --retries, 20 times in a row at most, after a 429 whatever its method. A quota that it tells in
RateLimit, X-RateLimit-Remaining and -Reset, or in a common vendor's own words, is kept to. A wait or
reset longer than --retry-max-delay ends that host, or the part of it that the limit is for, and so do ten refusals one
after the other, each after such a pause: what is left for it fails as rate_limited.

A host that leaves --host-max-errors exchanges in a row without an answer (no name, no connection, silence) is asked by
one probe after 1s, 2s and 4s (from --retry-delay on where that is more, --retry-max-delay at most); when the third
fails, what is left for it fails as host_down without being asked. With 30 errors and 10 at once on a host that takes
at most 3 + 3 times --connect-timeout, or --stall-timeout where it connects, and 7s. A connection that is broken off
counts only while the host has answered nothing at all.

Of the hosts that may be asked, the one with the most work left goes first, so that a run ends as early as its slowest
host allows. For that it has to be seen: --lookahead requests are read ahead, and where hosts at their limit fill that,
what they can't have soon is set aside, about 20 bytes a URL. The default --aside lets a list begin with some 500,000
URLs of one host; beyond that the hosts behind them wait. With --ordered or --cache nothing is set aside. Of requests
with large bodies no more than 64 MiB are read ahead, or what the exchanges at once need.

--bandwidth counts what comes from the network, headers, TLS and HTTP/2 included, and not what is sent. Each flight gets
the same share of it; waiting for that counts for --timeout and --deadline, and not as silence for --stall-timeout.

A page with a public address can't redirect to one that is not (loopback, private, link-local and the like): that fails
as blocked_address. Addresses are checked when they are connected to, so DNS can't trick the check; behind a proxy only
addresses that stand in the URL are seen, and --private deny is refused.

Proxies come from --proxy, else from http_proxy, https_proxy and all_proxy as with curl, lower case first; HTTP_PROXY in
upper case is not read under a web server (REQUEST_METHOD set). no_proxy lists hosts, domains and ranges asked directly.
A proxy without a port is asked at 1080, https:// at 443. socks5 looks names up here, socks5h at the proxy.
The certificate of an https:// proxy is always checked: --cacert is for it too, --insecure and --cert are not.

--resume keeps FILE.journal beside -o FILE. Killed at any moment, the same command goes on: each success stands in FILE
once and whole, failures are tried again, and at most the -j requests under way at the kill are fetched again.
Requests are known by method, URL, headers, body and id, not by their place, so the input may be edited in between, and
so may headers given by flag; the second of two equal lines is the second. It takes up to 24 bytes of memory a request.
FILE.gz and FILE.zst work; --ordered, --failures - and --summary - are refused with --resume.

--cache goes by RFC 9111, as a cache of your own does: what is fresh is a hit, and costs no rate and no place among -j;
what is not is asked for with its ETag or date, and 304 makes it revalidated, without its body; else it is a miss. It is
stale where a server fails and stale-if-error allows it. A request with Range or a condition of its own passes it by.
Answers are found again by method, URL and Vary, and only with the same credentials and headers, kept as hashes.
With --changed a success counts as told of once a run has ended with 0, 3 or 4, so a run after a kill repeats some; the
summary counts unchanged. Jobs that use --changed want a cache of their own each. -P then saves what changed only.
Answers that have no body, such as those to HEAD, are compared with nothing and written each time.
Values over 1 MiB stay out of Redis. Keys there go when unused for 30 days, with --cache-ttl when so old, but with
--changed, which has to know longer what it has told of. A cache that can't be used, or is slow, costs a warning, and
the run goes on without it.

A kill of the process loses nothing that was written. With --resume a power cut costs the last second or so, which is
found out and fetched again: output, journal and saved bodies are flushed once a second, and at the end. Without
--resume they are flushed at the end, before FILE takes its name.

-o FILE is written as FILE.part, which takes the name FILE once the run has come to its end and something succeeded
(codes 0 and 3; with --publish always at 4 and for nothing, too). Any other run leaves FILE as it was. --failures FILE
has failures alone: an empty one is a run without. An output that is one of the inputs is refused.

Standard error has JSON lines where it is no terminal; under -q, and --progress plain or bar, it has words instead: then
Records of failures need --failures. A run that ends with another code than 0 has a summary as its last word, of ten
lines at most where it is in words.

--max-failures 5% judges the whole run at its end, whatever its length: all requests of the input, pages, and what an
earlier run of --resume has done. It ends a run early only once even the success of all others could not help: that is
known when the input has been read, and from the start for files.

Exit codes:
  0    every request succeeded
  1    the run itself broke: an output that can't be written, an input that broke off
  2    usage: a bad flag, an unreadable input; nothing was fetched
  3    finished, some requests failed
  4    stopped early by --fail-fast, --max-failures or --deadline
  130  interrupted (SIGINT); 143: terminated (SIGTERM)
       the first lets flights land, 10 s at most; the second cancels them
  134  batchfetch itself crashed (SIGABRT); what it wrote to standard error says where
  141  the reader of the output went away

Examples:
  batchfetch urls.txt > pages.jsonl 2> failures.jsonl
  batchfetch failures.jsonl >> pages.jsonl                    ask again for what failed
  seq 1 100 | sed 's#^#https://api.example.com/item/#' | batchfetch --host-rate 5/s | jq .body
  batchfetch -q -o pages.jsonl --failures failed.jsonl urls.txt.gz          for cron, which mails what went wrong
  batchfetch -H @secret-header.txt --retry-unsafe --timing jobs.jsonl       one request a line, POST and all
`

// help prints the page of a command: for the root one every flag, by group, between helpHead and helpTail.
func help(c *cobra.Command, _ []string) {
	if c.HasParent() && !c.Runnable() {
		_, _ = io.WriteString(c.OutOrStdout(), c.Long) // as below
		return
	}
	if c.HasParent() {
		_, _ = fmt.Fprintf(c.OutOrStdout(), "%s\n\nUsage:\n  %s\n\n%s", // as below
			strings.TrimSpace(firstOf(c.Long, c.Short)), c.UseLine(), c.LocalFlags().FlagUsages())
		for _, sub := range c.Commands() {
			_, _ = fmt.Fprintf(c.OutOrStdout(), "  %-12s %s\n", sub.Name(), sub.Short) // as below
		}
		return
	}
	text := new(strings.Builder)
	text.WriteString(helpHead + "\nTopics:\n" + topicList())
	for _, group := range groups {
		writeGroup(text, group, c.Flags())
	}
	text.WriteString("\nhelp:\n" +
		"  -h, --help                          this\n" +
		"      --version                       the version\n")
	text.WriteString(helpTail)
	_, _ = io.WriteString(c.OutOrStdout(), text.String()) // standard output is where an error would go, too
}

// firstOf returns the first text that is not empty.
func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// writeGroup writes the heading of a group and its flags.
func writeGroup(text *strings.Builder, group string, flags *pflag.FlagSet) {
	fmt.Fprintf(text, "\n%s:\n", group)
	flags.VisitAll(func(f *pflag.Flag) {
		if in := f.Annotations[groupKey]; len(in) == 0 || in[0] != group {
			return
		}
		head := "  " + flagHead(f)
		if f.Shorthand == "" {
			head = "      " + flagHead(f)
		}
		writeColumns(text, head, flagUsage(f))
	})
}

// flagHead returns the names of a flag and the word for its value: -o, --output file.
func flagHead(f *pflag.Flag) string {
	head := "--" + f.Name
	if f.Shorthand != "" {
		head = "-" + f.Shorthand + ", " + head
	}
	if kind := flagKind(f); kind != "bool" {
		head += " " + kind
	}
	return head
}

// flagUsage returns the usage of a flag and its default.
func flagUsage(f *pflag.Flag) string {
	if f.DefValue == "" || f.DefValue == "false" {
		return f.Usage
	}
	return f.Usage + " (default " + f.DefValue + ")"
}

// flagKind returns the word for the value of a flag.
func flagKind(f *pflag.Flag) string {
	if kind := f.Annotations[kindKey]; len(kind) > 0 {
		return kind[0]
	}
	return f.Value.Type()
}

const (
	helpColumn = 38  // at which the usage of a flag starts
	helpWidth  = 118 // of a line
)

// writeColumns writes head and, wrapped beside it, usage.
func writeColumns(text *strings.Builder, head, usage string) {
	line := fmt.Sprintf("%-*s", helpColumn-1, head)
	for word := range strings.FieldsSeq(usage) {
		if len(line)+1+len(word) > helpWidth {
			text.WriteString(line + "\n")
			line = strings.Repeat(" ", helpColumn-1)
		}
		line += " " + word
	}
	text.WriteString(line + "\n")
}
