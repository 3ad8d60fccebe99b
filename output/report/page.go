package report

import (
	"crypto/sha256"
	_ "embed" // the parts of the page
	"encoding/base64"
)

var (
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string
)

// contentPolicy is the Content-Security-Policy of a page: nothing is loaded from anywhere, and of scripts and styles
// only those of ours run, which their hashes name.
func contentPolicy() string {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; script-src " + hash(pageScript) + "; style-src " + hash(pageStyle) +
		"; img-src data:; base-uri 'none'; form-action 'none'"
}

// A page is what stands in it.
type page struct {
	Policy string

	Span      string // when it took place
	Sources   []string
	Problems  []string // what is missing
	Tiles     []tile
	OverTime  []*chart
	NoTime    string // why there is nothing over time
	NoLimits  string // why what held the run back is not known
	Values    table
	Latency   []*chart
	Steps     table
	Failures  []failureView
	MoreCause string
	Hosts     table
	HostsNote string
	Statuses  []statusClass
	Sizes     []*chart
	Retries   table
	RetryNote string
	Cache     table
	Runs      table
}

// A tile is one figure at the top.
type tile struct{ Name, Value, Note, Class string }

// A failureView is the failures of one cause.
type failureView struct {
	Words, Kind, Count, Share string
	Examples                  []example
}

// A statusClass is the statuses of one class, with its share of all Records in percent.
type statusClass struct {
	Name, Class, Count, Share, Width string
	Statuses                         []statusCount
}

type statusCount struct{ Status, Count string }
