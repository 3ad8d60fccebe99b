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
	"golang.org/x/term"

	"batchfetch/fetch"
	"batchfetch/output"
)

func newDemoCommand(in *interrupts, code *int) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Run a batch against a server inside the process",
		Long: "Run a batch against a small server on loopback, inside the process: successes, a redirect, a 404,\n" +
			"a 429 with Retry-After, a slow page and a large body. Exits 0 when all went as staged.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			*code = runDemo(in)
			return nil
		},
	}
}

// runDemo stages the batch, runs it as the main command would, and checks what became of it.
func runDemo(in *interrupts) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tellError(os.Stderr, err.Error(), "the demo needs a port on loopback")
		return exitBroken
	}
	server := &http.Server{Handler: demoOrigin(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with the Close below
	defer func() { _ = server.Close() }()      // the process ends with it

	s := new(settings)
	register(newBareCommand(), s)
	if wrong := s.resolve(); len(wrong) > 0 {
		return tellProblems(os.Stderr, wrong)
	}
	base := "http://" + listener.Addr().String()
	batch := demoBatch(base)
	out, err := openOutputs(s, nil)
	if err != nil {
		return tellOutput(os.Stderr, err)
	}
	out.tell(slog.LevelInfo, fmt.Sprintf("demo: %d requests to %s", demoSuccesses+1, base), "")
	if out.stdoutIsTerminal {
		out.stdout = clipped{out.stdout}
	}
	counts := output.NewCounts(out.sink(s))
	s.fetch.Drain = in.drain
	reader := new(fetch.Reader)
	in.begin()
	summary, err := fetch.Run(in.ctx, reader.Lines(strings.NewReader(batch), "demo"), counts, s.fetch)
	r := report{summary: summary, counts: counts, err: err, code: exitCode(in, summary, err)}
	staged := r.code == exitFailed && asStaged(summary)
	if staged {
		r.code = exitOK
	}
	r.code = out.finish(s, r)
	switch {
	case staged:
		out.tell(slog.LevelInfo, "demo: all went as staged: the one failure is the 404, and the 429 was asked again after its Retry-After", "")
	case r.code == exitFailed || r.code == exitOK:
		out.tell(slog.LevelError, "the demo did not go as staged", "")
		return exitBroken
	}
	return r.code
}

func newBareCommand() *cobra.Command { return &cobra.Command{} }

// asStaged holds the outcome against what was staged.
func asStaged(s fetch.Summary) bool {
	return s.Succeeded == demoSuccesses && s.Failed == 1 && s.ByStatus[http.StatusNotFound] == 1 && s.Retries >= 1
}

const (
	demoItems     = 8
	demoSuccesses = demoItems + 5
)

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

// demoOrigin answers the staged requests.
func demoOrigin() http.Handler {
	var asked atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/item/{n}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"item": %q, "price": 1.50}`, r.PathValue("n")) // a client that left is no matter of the demo's
	})
	mux.Handle("/moved", http.RedirectHandler("/item/9", http.StatusMovedPermanently))
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
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
		_, _ = w.Write(bytes.Repeat([]byte("all work and no play makes a large body\n"), 1600)) // as above
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		_, _ = io.Copy(w, io.LimitReader(r.Body, 1<<20)) // as above
	})
	return mux
}

// clipped shows lines at the width of a terminal: the demo is there to be looked at.
type clipped struct{ out io.Writer }

func (c clipped) Write(p []byte) (int, error) {
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
