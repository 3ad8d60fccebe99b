package cmd

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"batchfetch/fetch"
	"batchfetch/fetch/input"
	"batchfetch/output"
)

// newDemoCommand returns batchfetch demo.
func newDemoCommand(in *interrupts, code *int) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Run a batch against a server inside the process",
		Long: "Run a batch against a small server on loopback, inside the process: successes, a redirect, a 404,\n" +
			"a 429 with Retry-After, a slow page and a large body. Exits 0 when all is as expected.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			*code = runDemo(in)
			return nil
		},
	}
}

// runDemo starts the server and fetches the batch from it as the root command would, with the default flags.
func runDemo(in *interrupts) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		printError(os.Stderr, err.Error(), "the demo needs a port on loopback")
		return exitBroken
	}
	server := &http.Server{Handler: demoOrigin(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with the Close below
	defer func() { _ = server.Close() }()      // the process ends with it

	s, found := new(settings), new(problems)
	register(pflag.NewFlagSet("demo", pflag.ContinueOnError), s, found)
	c := resolve(s, func(string) string { return "" }, found) // with an empty environment
	if len(found.errors) > 0 {
		return printProblems(os.Stderr, found.errors)
	}
	return runDemoBatch(in, c, "http://"+listener.Addr().String())
}

// runDemoBatch fetches the batch of the demo and returns exitOK where the outcome is the expected one.
func runDemoBatch(in *interrupts, c *config, base string) int {
	out, err := openOutputs(c, nil)
	if err != nil {
		return printOutputError(os.Stderr, err)
	}
	out.console.report(slog.LevelInfo, fmt.Sprintf("demo: %d requests to %s", demoSuccesses+1, base), "")
	if out.console.stdoutIsTerminal {
		out.records = clippedWriter{out.records}
	}
	counts := output.NewCounts(out.sink(c, nil, nil))
	o := c.fetch
	o.Drain = in.drain
	reader := new(input.Reader)
	in.markStarted(out.console.inWords)
	summary, err := fetch.Run(in.ctx, reader.Lines(strings.NewReader(demoBatch(base)), "demo"), counts, o)
	r := result{summary: summary, counts: counts, err: err, code: exitCode(in, summary, err)}
	expected := r.code == exitFailed && isExpected(summary)
	if expected {
		r.code = exitOK
	}
	r.code = out.finish(c, r)
	switch {
	case expected:
		out.console.report(slog.LevelInfo, "demo: all is as expected: the one failure is the 404, "+
			"and the 429 was retried after its Retry-After", "")
	case r.code == exitFailed || r.code == exitOK:
		out.console.report(slog.LevelError, "the demo did not end as expected", "")
		return exitBroken
	}
	return r.code
}

// isExpected reports whether the summary is that of the batch: only the 404 failed, and the 429 was retried.
func isExpected(s fetch.Summary) bool {
	return s.Succeeded == demoSuccesses && s.Failed == 1 && s.ByStatus[http.StatusNotFound] == 1 && s.Retries >= 1
}

// demoItems is how many equal requests the batch starts with.
const (
	demoItems     = 8
	demoSuccesses = demoItems + 5
)

// demoBatch returns the input lines of the batch.
func demoBatch(base string) string {
	lines := new(strings.Builder)
	lines.WriteString("# successes, and one of each thing that happens to a batch\n")
	for i := range demoItems {
		fmt.Fprintf(lines, "%s/item/%d\n", base, i+1)
	}
	fmt.Fprintf(lines, "%s/moved\n%s/missing\n%s/busy\n%s/slow\n%s/large\n", base, base, base, base, base)
	fmt.Fprintf(lines, `{"url":"%s/echo","body":{"hello":"world"},"id":"post-1","meta":{"from":"demo"}}`+"\n", base)
	return lines.String()
}

// demoOrigin returns the handler of the server.
func demoOrigin() http.Handler {
	var busyRequests atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/item/{n}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"item": %q, "price": 1.50}`, r.PathValue("n")) // the client reports a broken connection
	})
	mux.Handle("/moved", http.RedirectHandler("/item/9", http.StatusMovedPermanently))
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) {
		if busyRequests.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "one moment", http.StatusTooManyRequests)
			return
		}
		_, _ = io.WriteString(w, "here you are\n") // as above
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(700 * time.Millisecond):
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "good things take time\n") // as above
	})
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte("all work and no play makes a large body\n"), 50)) // as above
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		_, _ = io.Copy(w, io.LimitReader(r.Body, 1<<20)) // as above
	})
	return mux
}

// A clippedWriter cuts each line at the width of the terminal on standard output.
type clippedWriter struct{ out io.Writer }

func (c clippedWriter) Write(p []byte) (int, error) {
	width, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil || width < 20 {
		width = 80
	}
	shown := new(bytes.Buffer)
	for line := range bytes.Lines(p) {
		text := []rune(strings.TrimRight(string(line), "\n"))
		if len(text) > width {
			text = append(text[:width-1], '…')
		}
		shown.WriteString(string(text) + "\n")
	}
	if _, err := c.out.Write(shown.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}
