package cmd

import (
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"batchfetch/fetch"
	"batchfetch/output/encode"
	"batchfetch/output/savedir"
)

// progressMode says how a run tells of its progress.
type progressMode string

const (
	progressAuto  progressMode = "auto"
	progressBar   progressMode = "bar"
	progressPlain progressMode = "plain"
	progressNone  progressMode = "none"
)

// settings is the command line as the user gave it.
type settings struct {
	fetch    fetch.Options
	body     encode.BodyMode
	saveDir  string
	name     savedir.NameTemplate
	output   string
	failures string
	summary  string
	ordered  bool
	resume   bool
	cache    string
	cacheMax int64
	changed  bool
	unique   bool
	dryRun   bool
	shard    chosenShard
	progress progressMode
	quiet    bool
	verbose  bool

	compressed bool
	failFast   bool
	allowed    failureLimit
	data       []string
	headers    []string
	user       string
	netrc      bool
	hosts      string
	cookies    []string
	userAgent  string
	cacert     string
	cert, key  string
	insecure   bool
	proxy      chosenProxy
	pins       []string

	stdinFor string   // the flag that has read standard input
	read     []string // files that flags have read
	notes    problems
}

// groups are the headings of the help, in the order of the contract.
var groups = []string{"limits", "retry", "time", "request", "connection", "body", "output", "cache", "run", "telling"}

const groupKey = "group"

// A registrar declares flags, one group after the other.
type registrar struct {
	flags *pflag.FlagSet
	notes *problems
	group string
}

func (r *registrar) note(name string) {
	_ = r.flags.SetAnnotation(name, groupKey, []string{r.group}) // fails only for a flag that does not exist
}

func add[T any](r *registrar, target *T, name, short, kind, shown, usage string, parse func(string) (T, error)) {
	v := &value[T]{target: target, name: name, kind: kind, text: shown, parse: parse, notes: r.notes}
	r.flags.VarP(v, name, short, usage)
	r.note(name)
}

func (r *registrar) toggle(target *bool, name, short, usage string) {
	add(r, target, name, short, "bool", strconv.FormatBool(*target), usage, parseToggle)
	r.flags.Lookup(name).NoOptDefVal = "true"
}

func (r *registrar) whole(target *int, name, short, kind, usage string) {
	add(r, target, name, short, kind, strconv.Itoa(*target), usage, parseWhole)
}

func (r *registrar) duration(target *time.Duration, name, usage string) {
	shown := "none"
	if *target > 0 {
		shown = shortDuration(*target)
	}
	add(r, target, name, "", "duration", shown, usage, parseDuration)
}

// shortDuration is 1m for 1m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	text = strings.Replace(text, "m0s", "m", 1)
	return strings.Replace(text, "h0m", "h", 1)
}

func (r *registrar) text(target *string, name, short, kind, usage string) {
	add(r, target, name, short, kind, *target, usage, func(s string) (string, error) { return s, nil })
}

func (r *registrar) list(target *[]string, name, short, kind, usage string) {
	r.flags.VarP(list{target}, name, short, usage)
	_ = r.flags.SetAnnotation(name, "kind", []string{kind}) // see note
	r.note(name)
}

// register declares every flag with its default.
func register(cmd *cobra.Command, s *settings) {
	s.fetch = fetch.Defaults()
	s.fetch.MaxBody = -1 // resolve knows the default
	s.cacheMax = -1      // likewise
	s.body, s.progress, s.compressed, s.allowed = encode.BodyAuto, progressAuto, true, failureLimit{count: -1}
	r := &registrar{flags: cmd.Flags(), notes: &s.notes}
	r.flags.SortFlags = false
	registerLimits(r, s)
	registerRequest(r, s)
	registerConnection(r, s)
	registerOutput(r, s)
}

func registerLimits(r *registrar, s *settings) {
	o := &s.fetch
	r.group = "limits"
	r.whole(&o.Concurrency, "concurrency", "j", "n", "most exchanges at once")
	r.whole(&o.HostConcurrency, "host-concurrency", "", "n", "most exchanges at once on one host")
	add(r, &o.Rate, "rate", "", "rate", "none", "most exchanges started in the whole run, evenly spaced: 10/s, 60/m, 1/15s", parseRate)
	add(r, &o.HostRate, "host-rate", "", "rate", "none", "the same for each host", parseRate)
	r.toggle(&o.Adaptive, "adaptive", "", "halve the rate of a host that answers 429 or 503 and bring it back step by step; keep to the quota that RateLimit headers tell")
	r.whole(&o.Lookahead, "lookahead", "", "n", "requests read ahead of those that finish; bounds the memory")
	add(r, &o.Aside, "aside", "", "size", "12Mi", "memory for requests that are set aside while hosts at their limit fill --lookahead, compressed; 0 sets none aside", parseSize)
	add(r, &o.Bandwidth, "bandwidth", "", "size", "none", "most bytes received per second in the whole run (10M), all that comes over the connections; spread evenly, shared fairly", parseBandwidth)
	r.text(&s.hosts, "hosts", "", "file", "settings of single hosts, as YAML or JSON: limits, timeouts, retries, headers, user and password (see below)")
	r.group = "retry"
	r.whole(&o.Retries, "retries", "", "n", "further attempts after a first that failed")
	add(r, &o.RetryOn, "retry-on", "", "list", o.RetryOn.String(), "statuses and kinds of failure worth another attempt", fetch.ParseRetryOn)
	r.duration(&o.RetryDelay, "retry-delay", "bound of the first wait, doubling; each wait is drawn from zero to its bound")
	r.duration(&o.RetryMaxDelay, "retry-max-delay", "longest wait, and longest Retry-After obeyed")
	r.duration(&o.RetryMaxTime, "retry-max-time", "one URL's attempts and waits together")
	r.toggle(&o.RetryUnsafe, "retry-unsafe", "", "retry POST and the like too")
	r.whole(&o.HostMaxErrors, "host-max-errors", "", "n", "exchanges in a row without any answer until a host is only probed; three failed probes end it; 0 is never")
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
	r.list(&s.data, "data", "d", "data", "body of requests that bring none, as curl sends it; @file reads it from a file")
	r.list(&s.headers, "header", "H", "line", "a header for every request; @file reads them from a file; 'Name:' takes one away")
	r.text(&s.user, "user", "u", "user:password", "Basic authentication for every host of the input; better given as BATCHFETCH_USER, or @file")
	r.toggle(&s.netrc, "netrc", "n", "take user and password of each host of the input from ~/.netrc, or the file that $NETRC names")
	r.list(&s.cookies, "cookie", "b", "data|file", "cookies, name=value; name2=value2, for every host of the input; without = the file they are in (Netscape's format); what answers set is kept for the run, and '' does only that")
	s.userAgent = "batchfetch/" + version()
	r.text(&s.userAgent, "user-agent", "A", "name", "the User-Agent header; empty sends none")
	r.whole(&o.MaxRedirects, "max-redirs", "", "n", "most redirects followed; 0 follows none: a 3xx is then the answer")
	add(r, &o.AcceptStatus, "accept-status", "", "list", o.AcceptStatus.String(), "final statuses that are a success: 200-299,404,5xx", fetch.ParseStatuses)
}

func registerOutput(r *registrar, s *settings) {
	o := &s.fetch
	r.group = "body"
	add(r, &s.body, "body", "", "mode", string(s.body), "auto (JSON as a value, text as a string, else base64), text, base64 or none",
		oneOf(encode.BodyAuto, encode.BodyText, encode.BodyBase64, encode.BodyNone))
	r.toggle(&s.compressed, "compressed", "", "ask for gzip, br, zstd and deflate, and decode them")
	r.text(&s.saveDir, "save-dir", "P", "dir", "save bodies as files below it; Records then have path in place of body; what was cut off is continued, by a retry or the next run")
	add(r, &s.name, "name", "", "template", "", "name of a saved body: {host} {path} {base} {ext} {index} {id} {sha256} and / for folders; the input line's path wins (default: host and path, with a short hash where needed)", savedir.ParseNameTemplate)
	add(r, &o.MaxBody, "max-body", "", "size", "16Mi", "largest decoded body; with --save-dir 10Gi where this is left out", parseSize)
	r.group = "output"
	r.text(&s.output, "output", "o", "file", "where successes go; takes its name when the run has ended, until then it is FILE.part; .gz and .zst are compressed (default standard output)")
	r.text(&s.failures, "failures", "", "file", "where failures go; - puts them among the successes (default standard error)")
	r.text(&s.summary, "summary", "", "file", "where the summary goes (default with the failures)")
	r.toggle(&s.ordered, "ordered", "", "write in the order of the input; what is early waits in a temporary file")
	r.toggle(&o.KeepHeader, "headers", "", "put the answer's headers into the Records")
	r.toggle(&o.KeepTiming, "timing", "", "put dns, connect, tls, first byte and body times into the Records")
	r.toggle(&s.resume, "resume", "", "go on with --output where an earlier run of the same command left it, killed or not: what is done is not asked again")
	r.toggle(&s.unique, "unique", "", "skip requests that ask the same as an earlier one (method, URL, headers, body, id)")
	registerCache(r, s)
	r.group = "run"
	r.toggle(&s.failFast, "fail-fast", "", "stop at the first failure, as --max-failures 0 does")
	add(r, &s.allowed, "max-failures", "", "n or p%", "none", "failures allowed, the next one stops the run; p% is judged from 100 finished requests on", parseFailureLimit)
	add(r, &s.shard, "shard", "", "i/n", "", "only the i-th of n parts of the input, by the host's name; auto or auto/n asks the engine that started the job (see batchfetch help sharding)", parseShard)
	r.toggle(&s.dryRun, "dry-run", "", "count the requests of each host and ask nothing; with --resume those that are left")
	r.group = "telling"
	add(r, &s.progress, "progress", "", "mode", string(s.progress), "auto (a bar on a terminal), bar, plain (a line every 10 s) or none",
		oneOf(progressAuto, progressBar, progressPlain, progressNone))
	r.toggle(&s.quiet, "quiet", "q", "say nothing unless something failed")
	r.toggle(&s.verbose, "verbose", "v", "log every exchange")
	r.duration(&o.Slow, "slow", "log each exchange that takes longer")
}

func registerCache(r *registrar, s *settings) {
	r.group = "cache"
	r.text(&s.cache, "cache", "", "dir|url", "keep answers for the next run, and ask only for what is not fresh any more; in a directory, or in Redis: redis://[user:password@]host[:port][/db], rediss:// with TLS, better given as BATCHFETCH_CACHE")
	r.duration(&s.fetch.CacheTTL, "cache-ttl", "use every success again for so long, whatever its headers say; 0 goes by them (RFC 9111)")
	add(r, &s.cacheMax, "cache-max", "", "size", "10Gi", "room of a cache directory; the longest unused goes first", parseSize)
	r.toggle(&s.changed, "changed", "", "write only what is new or differs from the cached copy")
}

// fromEnvironment sets each flag that the command line left alone from BATCHFETCH_FLAG_NAME.
func fromEnvironment(flags *pflag.FlagSet, notes *problems) {
	flags.VisitAll(func(f *pflag.Flag) {
		text, set := os.LookupEnv(environmentName(f.Name))
		if !set || f.Changed || f.Annotations[groupKey] == nil {
			return
		}
		if text == "" && !takesEmpty(f) { // CI engines set what they have no value for to nothing
			return
		}
		values := []string{text}
		if f.Value.Type() == "list" && f.Annotations["kind"] != nil {
			values = strings.Split(strings.TrimRight(text, "\n"), "\n")
		}
		before := len(notes.list)
		for _, each := range values {
			_ = f.Value.Set(each) // notes its problems itself
		}
		if len(notes.list) > before {
			notes.list = append(notes.list[:before], &usageError{environmentName(f.Name) + " in the environment: " + notes.list[before].Error(), hintFor(notes.list[before])})
		}
		f.Changed = true
	})
}

// takesEmpty names the flags to which an empty text means something.
func takesEmpty(f *pflag.Flag) bool { return f.Name == "user-agent" || f.Name == "data" }

func environmentName(flag string) string {
	return "BATCHFETCH_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
