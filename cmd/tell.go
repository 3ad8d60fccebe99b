package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"batchfetch/fetch"
	"batchfetch/output"
	"batchfetch/output/encode"
)

// Every word on the terminal is written here. What a server or an input says passes through encode.Printable.

// A usageError is a command line that can't be run, with its mend.
type usageError struct{ problem, hint string }

func (e *usageError) Error() string { return e.problem }

func tellError(w io.Writer, problem, hint string) {
	text := "batchfetch: error: " + encode.Printable(problem) + "\n"
	if hint != "" {
		text += "batchfetch: hint: " + encode.Printable(hint) + "\n"
	}
	_, _ = io.WriteString(w, text) // there is nowhere left to say that this can't be said
}

func tellNote(w io.Writer, text string) {
	_, _ = io.WriteString(w, "batchfetch: "+encode.Printable(text)+"\n") // as in tellError
}

// tellProblems tells everything that is wrong with a command line.
func tellProblems(w io.Writer, problems []error) int {
	for _, problem := range problems {
		tellError(w, problem.Error(), hintFor(problem))
	}
	return exitUsage
}

// tellUsage tells what the flag parser could not understand.
func tellUsage(w io.Writer, err error) int {
	tellError(w, err.Error(), "batchfetch --help lists every flag")
	return exitUsage
}

// tellOutput tells why an output can't be written: the run broke, unless the command line itself was wrong.
func tellOutput(w io.Writer, err error) int {
	var usage *usageError
	if errors.As(err, &usage) {
		return tellProblems(w, flatten(err))
	}
	tellError(w, err.Error(), outputHint(err))
	return exitBroken
}

// hintFor returns the mend for an error, where there is one.
func hintFor(err error) string {
	var mistake *fetch.Mistake
	var hinted *hintedError
	var usage *usageError
	switch {
	case errors.As(err, &mistake):
		return mistake.Hint
	case errors.As(err, &hinted):
		return hinted.hint
	case errors.As(err, &usage):
		return usage.hint
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "make room on the disk and run the same command again"
	case errors.Is(err, syscall.EFBIG):
		return "raise the limit on file sizes, which ulimit -f shows, and run the same command again"
	case errors.Is(err, syscall.EROFS):
		return "name a directory that can be written to"
	case errors.Is(err, os.ErrPermission):
		return "check the permissions of the file and its directory"
	}
	return ""
}

// outputHint adds what only an output can have against it.
func outputHint(err error) string {
	var temporary *fetch.SpoolError
	switch {
	case errors.As(err, &temporary):
		return "large bodies and --ordered need room there: make some, or name another directory by TMPDIR"
	case errors.Is(err, os.ErrNotExist):
		return "the directory has to exist"
	}
	return hintFor(err)
}

// kindHints say what to do about each kind of failure.
var kindHints = map[fetch.Kind]string{
	fetch.InvalidRequest:   "the line can't be used as it stands",
	fetch.DNS:              "check the host's name, and the network",
	fetch.Connect:          "nothing answers there: is the port right, the server up?",
	fetch.TLS:              "--cacert trusts a private authority, -k checks nothing",
	fetch.Timeout:          "raise --connect-timeout or --timeout, or lower -j",
	fetch.Stalled:          "the server went silent: raise --stall-timeout, or lower --host-concurrency",
	fetch.Reset:            "the server hung up: lower --host-concurrency or set --host-rate",
	fetch.Truncated:        "the server hung up early: lower --host-concurrency or raise --retries",
	fetch.Protocol:         "that is no HTTP the client understands",
	fetch.TooManyRedirects: "a loop, or raise --max-redirs",
	fetch.TooLarge:         "raise --max-body",
	fetch.Checksum:         "the content is not what the input's sha256 says",
	fetch.Decode:           "--compressed=false asks for the plain body",
	fetch.HostDown:         "the host is down or unreachable: run the failures again later; --host-max-errors 0 asks each all the same",
	fetch.RateLimited:      "set --host-rate, raise --retry-max-delay, or run the failures again later",
	fetch.Canceled:         "run the same input again: what was not started is in no list of failures",
}

// hintForKind returns what to do about a kind of failure that looks like the example.
func hintForKind(kind fetch.Kind, example output.Example) string {
	switch {
	case kind != fetch.BadStatus:
		return kindHints[kind]
	case example.Status >= 500:
		return "the server failed: run the failures again later, or raise --retries"
	}
	return fmt.Sprintf("--accept-status 200-299,%d takes such answers for success", example.Status)
}

// tellSummary says to a person what became of a run.
func tellSummary(w io.Writer, s *settings, r report) {
	text := new(strings.Builder)
	sum := r.summary
	rate := ""
	if sec := sum.Elapsed.Seconds(); sec > 0 && sum.Exchanges > 0 {
		rate = fmt.Sprintf(", %.0f exchanges/s", float64(sum.Exchanges)/sec)
	}
	fmt.Fprintf(text, "batchfetch: %d of %d succeeded, %d failed in %s%s\n",
		sum.Succeeded, sum.Total, sum.Failed, seconds(sum.Elapsed), rate)
	for _, kind := range byCount(sum.ByKind) {
		example := r.counts.Examples[kind]
		fmt.Fprintf(text, "  %6d %s: e.g. %s: %s\n", sum.ByKind[kind], kind, encode.Printable(shorten(example.URL)), encode.Printable(shorten(example.Message)))
		if hint := hintForKind(kind, example); hint != "" {
			fmt.Fprintf(text, "         hint: %s\n", hint)
		}
	}
	tellHosts(text, sum.FailedByHost)
	tellCache(text, s, sum)
	if sum.Skipped > 0 {
		fmt.Fprintf(text, "  %6d skipped: %s\n", sum.Skipped, whySkipped(s))
	}
	if sum.NotStarted > 0 {
		fmt.Fprintf(text, "  %6d read and not started\n", sum.NotStarted)
	}
	if why := r.stoppedBy(s); why != "" {
		fmt.Fprintf(text, "batchfetch: %s\n", why)
	}
	if hint := limitHint(s, sum); hint != "" {
		fmt.Fprintf(text, "batchfetch: %s\n", hint)
	}
	if sum.Failed > 0 && s.failures == "" {
		text.WriteString("batchfetch: hint: --failures FILE keeps the failures; batchfetch FILE asks for them again\n")
	}
	_, _ = io.WriteString(w, text.String()) // as in tellError
}

func whySkipped(s *settings) string {
	switch {
	case s.resume && s.unique:
		return "done by an earlier run, or duplicates"
	case s.resume:
		return "done by an earlier run"
	}
	return "duplicates"
}

// mostHosts is how many failing hosts a person is shown.
const mostHosts = 5

func tellHosts(text *strings.Builder, failed map[string]int64) {
	hosts := byCount(failed)
	if len(hosts) < 2 {
		return
	}
	fmt.Fprintf(text, "  failed by host:")
	for i, host := range hosts {
		if i == mostHosts {
			fmt.Fprintf(text, " and %d more", len(hosts)-i)
			break
		}
		fmt.Fprintf(text, " %s %d", encode.Printable(host), failed[host])
	}
	text.WriteByte('\n')
}

// byCount lists the keys, the largest count first.
func byCount[K cmp.Ordered](counts map[K]int64) []K {
	keys := make([]K, 0, len(counts))
	for key := range counts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b K) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	return keys
}

// shorten keeps an example on one line of a terminal.
func shorten(text string) string {
	const most = 100
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}

// orHosts reminds of limits that stand elsewhere.
func orHosts(s *settings) string {
	if s.hosts == "" {
		return ""
	}
	return " or a limit of --hosts"
}

// perSecond is a bandwidth as a person would write it.
func perSecond(bytes float64) string {
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

// limitHint answers "why is it not faster?" for a run that lasted long enough to ask.
func limitHint(s *settings, sum fetch.Summary) string {
	if sum.Elapsed.Seconds() < 1 || sum.LimitedBy == "" {
		return ""
	}
	share := int(100 * sum.LimitedFor[sum.LimitedBy].Seconds() / sum.Elapsed.Seconds())
	what := ""
	switch sum.LimitedBy {
	case fetch.LimitConcurrency:
		what = fmt.Sprintf("for a free place of --concurrency %d", s.fetch.Concurrency)
	case fetch.LimitHostConcurrency:
		what = fmt.Sprintf("for --host-concurrency %d%s", s.fetch.HostConcurrency, orHosts(s)) + on(sum.LimitedHost)
	case fetch.LimitRate:
		what = "for --rate"
	case fetch.LimitHostRate:
		what = "for --host-rate" + orHosts(s) + on(sum.LimitedHost)
	case fetch.LimitBandwidth:
		what = "for --bandwidth " + perSecond(s.fetch.Bandwidth)
	case fetch.LimitPausedHosts:
		what = "for back-off, and for hosts that asked for a pause or for less" + mostly(sum.LimitedHost)
	case fetch.LimitNetwork:
		what = "for the last answers to arrive"
	case fetch.LimitInput:
		what = "for input"
	case fetch.LimitOutput:
		what = "for the output to be written"
	case fetch.LimitCache:
		what = "for the cache"
	}
	return fmt.Sprintf("%d%% of the time was spent waiting %s", min(share, 100), what)
}

// on names the host whose limit it was, where it was one host's.
func on(host string) string {
	if host == "" {
		return ""
	}
	return " on " + encode.Printable(shorten(host))
}

func mostly(host string) string {
	if host == "" {
		return ""
	}
	return ", mostly " + encode.Printable(shorten(host))
}
