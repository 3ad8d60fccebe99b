package cmd

import (
	"batchfetch/fetch"
	"batchfetch/fetch/input"
)

// A config is what a run is made of: the settings after every file that they name has been read and every text parsed.
// It is not changed after resolve has returned it; run.go adds what belongs to one run to a copy of fetch.
type config struct {
	fetch    fetch.Options // valid, and without Sinks, stores, log and channels
	output   outputFlags
	cache    cacheFlags
	limits   string // the URL of the server that keeps limits for several processes; "" is none
	queue    bool   // the input is one
	shard    input.Shard
	bodyURL  string // of requests whose bodies are the input's lines; "" is that lines are requests
	form     input.Form
	unique   bool
	dryRun   bool
	exitZero bool // in place of exitFailed
	progress progressMode
	quiet    bool
	verbose  bool

	failFast   bool // for the summary: --fail-fast and not --max-failures was given
	hostLimits bool // for the summary: --hosts was given, and may have limits
	retryFlags bool // for the summary: the command line has flags that a retry of the failures needs, too

	actions   actionsFlags
	noTemp    error    // why the run has no room for temporary files that it may need; nil is that it has
	filesRead []string // files that flags have read, which no output may replace
	stdinFlag string   // the flag that has read standard input; "" is none
}

// reader returns a reader of the inputs.
func (c *config) reader() *input.Reader { return &input.Reader{BodyURL: c.bodyURL, Form: c.form} }

// appendRequest appends the text by which --resume knows a request again: what it asks, and the entry of a queue that
// it came by, as several entries may ask for the same.
func (c *config) appendRequest(text []byte, r *fetch.Request) []byte {
	if text = c.fetch.AppendCanonical(text, r); r.Delivery != "" {
		text = append(append(text, 0), r.Delivery...)
	}
	return text
}
