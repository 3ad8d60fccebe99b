package cmd

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"batchfetch/fetch/redact"
	"batchfetch/output/encode"
)

// A doctorReport prints what doctor finds, a line for each step.
type doctorReport struct {
	to  io.Writer
	err error // the first of to
	// longestWait is the longest wait that a host may ask for and a run obeys (Options.RetryMaxDelay).
	longestWait time.Duration

	steps doctorSteps // of the exchange under way
}

// line prints one step: its name, and what there is to say, which may quote a server.
func (d *doctorReport) line(step, format string, args ...any) {
	text := encode.Printable(fmt.Sprintf(format, args...))
	if _, err := fmt.Fprintf(d.to, "%-10s %s\n", step, text); err != nil && d.err == nil {
		d.err = err
	}
}

// withoutQuery returns a URL with its userinfo, the values of its query and its fragment masked: tokens stand there.
func withoutQuery(text string) string {
	text, _, hasFragment := strings.Cut(redact.URL(text), "#")
	shown, query, hasQuery := strings.Cut(text, "?")
	if hasQuery {
		parts := strings.Split(query, "&")
		for i, part := range parts {
			name, _, valued := strings.Cut(part, "=")
			if !valued { // a token may stand there by itself
				name = ""
			}
			parts[i] = name + "=" + redact.Placeholder
		}
		shown += "?" + strings.Join(parts, "&")
	}
	if hasFragment {
		shown += "#" + redact.Placeholder
	}
	return shown
}

// withoutQueries returns a message with withoutQuery of every URL in it.
func withoutQueries(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		if strings.Contains(word, "://") {
			words[i] = withoutQuery(word)
		}
	}
	return strings.Join(words, " ")
}

// statusText returns a status with its reason phrase.
func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}
