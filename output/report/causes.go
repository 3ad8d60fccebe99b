package report

import (
	"cmp"
	"maps"
	"slices"

	"batchfetch/output"
	"batchfetch/output/encode"
)

const (
	// maxCauses is how many causes of failures are told apart, maxExamples how many failures of each are kept.
	maxCauses   = 100
	maxExamples = 3
	// maxText is the most characters of a server's or an input's text on the page.
	maxText = 200
)

// An example is a failure as it is shown.
type example struct{ URL, Message string }

// failures are those of one cause.
type failures struct {
	output.Cause
	count    int64
	examples []example
	hosts    []*hostCount // of the examples
}

// causes counts failures by their cause, in bounded memory.
type causes struct {
	byCause map[output.Cause]*failures
	others  int64 // of causes beyond maxCauses
}

func newCauses() causes { return causes{byCause: make(map[output.Cause]*failures)} }

// add counts a failure, and keeps it as an example where its host has none yet. host may be nil.
func (c *causes) add(cause output.Cause, host *hostCount, url, message string) {
	f := c.byCause[cause]
	if f == nil {
		if len(c.byCause) >= maxCauses {
			c.others++
			return
		}
		cause.Words = shorten(cmp.Or(cause.Words, string(cause.Kind), "failure"))
		f = &failures{Cause: cause}
		c.byCause[cause] = f
	}
	f.count++
	if len(f.examples) < maxExamples && (host == nil || !slices.Contains(f.hosts, host)) {
		f.examples = append(f.examples, example{shorten(url), shorten(message)})
		f.hosts = append(f.hosts, host)
	}
}

// sorted returns the failures, those of the most frequent cause first.
func (c *causes) sorted() []*failures {
	return slices.SortedFunc(maps.Values(c.byCause), func(a, b *failures) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.Words, b.Words), cmp.Compare(a.Kind, b.Kind))
	})
}

// shorten returns the start of a text on one line, with nothing in it that changes the direction of writing. It is not
// escaped: markup does that.
func shorten(text string) string {
	if len(text) > 4*maxText {
		text = text[:4*maxText]
	}
	runes := []rune(encode.Printable(text))
	if len(runes) > maxText {
		return string(runes[:maxText-1]) + "…"
	}
	return string(runes)
}
