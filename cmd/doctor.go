package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"batchfetch/fetch"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/input"
	"batchfetch/output"
)

const doctorText = `Fetch a URL once and show each step of the request: proxy, names, addresses, TLS, version of HTTP,
redirects, the headers about limits and caching, and what a run makes of them. It takes every flag
of batchfetch, so that "doctor" can be put into a command that does not work. The output has no
secrets in it, for a bug report: of queries and of your headers the names only. The exit code is 0
where the request succeeds, 3 where it fails.`

// newDoctorCommand returns batchfetch doctor.
func newDoctorCommand(in *interrupts, code *int) *cobra.Command {
	s, found := new(settings), new(problems)
	doctor := &cobra.Command{
		Use:   "doctor [flags] URL",
		Short: "Show each step of a first request to a URL",
		Long:  doctorText,
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			findEmptyValues(c.Flags(), os.LookupEnv, found)
			readEnvironment(c.Flags(), os.LookupEnv, found)
			resolved := resolve(s, os.Getenv, found)
			if len(args) != 1 || !strings.Contains(args[0], "://") {
				found.errors = append(found.errors, &usageError{
					"doctor takes one URL", "batchfetch doctor https://example.com/page",
				})
			}
			if len(found.errors) > 0 {
				*code = printProblems(os.Stderr, found.errors)
				return nil
			}
			warnStray(stream{os.Stderr}, resolved, strayVariables(c.Flags(), os.Environ(), os.LookupEnv))
			*code = runDoctor(in, resolved, args[0])
			return nil
		},
	}
	register(doctor.Flags(), s, found)
	doctor.Flags().VisitAll(func(f *pflag.Flag) { f.Hidden = true }) // they are in the help of batchfetch
	return doctor
}

// doctorBody is how much of a body doctor fetches, in bytes.
const doctorBody = 64 << 10

// runDoctor fetches one URL, prints its steps to standard output and returns the exit code.
func runDoctor(in *interrupts, c *config, text string) int {
	d := &doctorReport{to: os.Stdout, longestWait: c.fetch.RetryMaxDelay}
	o := c.fetch
	o.Concurrency, o.Retries, o.Poll = 1, 0, nil
	o.RetryMaxTime = 1 // a refusal is the outcome, and not waited for: ten of them take two minutes
	o.MaxBody, o.DropBody, o.KeepHeader, o.KeepTiming = doctorBody, true, true, true
	o.Log = slog.New(&doctorLog{report: d})
	o.TLS = o.TLS.Clone()
	o.TLS.VerifyConnection = d.steps.addTLS
	o.Drain = in.drain

	d.line("version", "batchfetch %s, %s %s/%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	d.line("url", "%s", withoutQuery(text))
	d.printSettings(c, text)
	var last *fetch.Record
	sink := fetch.SinkFunc(func(r *fetch.Record) error {
		last = r
		return nil
	})
	in.markStarted(true)
	summary, err := fetch.Run(d.steps.trace(in.ctx), new(input.Reader).URLs([]string{text}), sink, o)
	switch {
	case err != nil:
		printError(os.Stderr, err.Error(), "")
		return exitBroken
	case last != nil:
		d.printOutcome(last)
	}
	if d.err != nil {
		return outputExit(d.err)
	}
	if last != nil && isCutByDoctor(last) {
		return exitOK
	}
	return exitCode(in, summary, err)
}

// isCutByDoctor reports whether a request failed only because of doctorBody.
func isCutByDoctor(r *fetch.Record) bool {
	return r.Failure != nil && r.Failure.Kind == failure.TooLarge && r.Status != 0
}

// printSettings prints which settings hold for the URL, by name.
func (d *doctorReport) printSettings(c *config, text string) {
	u, err := httpurl.Parse(text)
	if err != nil {
		return
	}
	proxy := dial.NewProxies(c.fetch.HTTPProxy, c.fetch.HTTPSProxy, c.fetch.NoProxy).ForURL(u)
	switch {
	case c.fetch.UnixSocket != "":
		d.line("socket", "%s, whatever the URL's host", c.fetch.UnixSocket)
	case proxy != nil:
		d.line("proxy", "%s", proxy)
	default:
		d.line("proxy", "none")
	}
	if c.fetch.Hosts.Of(httpurl.Origin(u)) != nil {
		d.line("settings", "--hosts has an entry for this host, which counts before the flags")
	}
	if names := credentialNames(&c.fetch, u); names != "" {
		d.line("sends", "%s", names)
	}
}

// credentialNames returns the names of what the user adds to the request, without values.
func credentialNames(o *fetch.Options, u *url.URL) string {
	var names []string
	for name, values := range o.Header {
		if len(values) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	switch {
	case u.User != nil:
		names = append(names, "user and password of the URL")
	case o.Username != "" || o.Password != "":
		names = append(names, "user and password of --user")
	}
	if o.Netrc != nil {
		names = append(names, "what the netrc has for the host")
	}
	if o.Cookie != "" || o.Jar != nil {
		names = append(names, "cookies")
	}
	return strings.Join(names, ", ")
}

// printOutcome prints what the last response says, and how the request ended.
func (d *doctorReport) printOutcome(r *fetch.Record) {
	d.printHeaders(r)
	if t := r.Timing; t != nil {
		if text := describeTiming(t); text != "" {
			d.line("time", "%s", text)
		}
	}
	switch {
	case r.Failure == nil:
		d.line("outcome", "success, %d bytes, %d over the wire", r.Bytes, r.WireBytes)
	case isCutByDoctor(r):
		d.line("outcome", "success; of the body no more than %d KiB were read", doctorBody>>10)
	default:
		d.line("outcome", "failure of kind %s: %s", r.Failure.Kind, withoutQueries(r.Failure.Error()))
		if hint := d.hintFor(r); hint != "" {
			d.line("hint", "%s", hint)
		}
	}
}

// hintFor returns a hint for a failure: a refusal whose wait is not too long is no failure of a run yet.
func (d *doctorReport) hintFor(r *fetch.Record) string {
	f := r.Failure
	isRefusal := f.Kind == failure.RateLimited || f.RetryAfter > 0
	if isRefusal && f.Option == "" && f.RetryAfter <= d.longestWait {
		return "a run waits, and requests it again; --host-rate keeps below a limit that is known"
	}
	return hintForKind(f.Kind, output.Example{Status: r.Status, Option: f.Option})
}

// describeTiming returns the steps of an exchange that took place.
func describeTiming(t *fetch.Timing) string {
	var steps []string
	for _, step := range []struct {
		name string
		took time.Duration
	}{
		{"name", t.DNS}, {"connection", t.Connect}, {"TLS", t.TLS}, {"first byte", t.FirstByte}, {"body", t.Body},
	} {
		if step.took >= 0 {
			steps = append(steps, fmt.Sprintf("%s %s", step.name, step.took.Round(100*time.Microsecond)))
		}
	}
	return strings.Join(steps, ", ")
}

var _ slog.Handler = (*doctorLog)(nil)

// A doctorLog is the log of doctor's run: each exchange is a section of the report.
type doctorLog struct {
	report *doctorReport
}

func (l *doctorLog) Enabled(context.Context, slog.Level) bool { return true }
func (l *doctorLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *doctorLog) WithGroup(string) slog.Handler            { return l }

// Handle prints the steps of an exchange that has ended, and what a run makes of its response.
func (l *doctorLog) Handle(_ context.Context, r slog.Record) error {
	attrs := make(map[string]slog.Value)
	r.Attrs(func(a slog.Attr) bool {
		attrs[a.Key] = a.Value
		return true
	})
	if attrs["then"].String() == "" || attrs["elapsed_ms"].Kind() != slog.KindFloat64 {
		return nil // no exchange
	}
	d := l.report
	at := attrs["at"].String()
	if _, redirected := attrs["at"]; redirected {
		d.line("redirect", "%s", withoutQuery(at))
	}
	for _, step := range d.steps.take() {
		d.line(step[0], "%s", step[1])
	}
	if status, responded := attrs["status"]; responded {
		d.line("answer", "%s, after %.1f ms", statusText(int(status.Int64())), attrs["elapsed_ms"].Float64())
	}
	if believed, found := attrs["believed"]; found {
		d.line("limits", "believed: %s", believed)
	}
	if hold, found := attrs["hold_ms"]; found {
		d.line("limits", "the host is left alone for %.1f s", hold.Float64()/1000)
	}
	return nil
}
