// Package junit writes what a run did as JUnit XML, which CI servers show as tests: a suite for each host, a case for
// each failure, one for all successes of the host.
//
//	Records ──▸ Failures (a fetch.Sink) ──┐
//	                     output.Hosts ────┴──▸ Run.Write ──▸ encoding/xml
//
// Whatever the number of requests, the file has maxCases failures and maxSuites hosts at most; the others are counted.
// It is valid by the schemas of Ant (JUnit-Schema) and of Jenkins' xUnit plugin.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output"
	"batchfetch/output/encode"
)

const (
	maxCases  = 10_000
	maxSuites = 1000
	// maxText is the most bytes of a URL or a message.
	maxText = 1000
)

// Failures is a fetch.Sink that keeps the first failures of the Records that it passes on.
type Failures struct {
	fetch.Sink
	byOrigin map[string]*hostFailures // "" is those without a host, and of hosts past maxSuites
	kept     int
}

// hostFailures are the failures of one host.
type hostFailures struct {
	cases    []testCase
	more     int64 // that are not among the cases
	canceled int64
}

// NewFailures returns Failures around sink.
func NewFailures(sink fetch.Sink) *Failures {
	return &Failures{Sink: sink, byOrigin: make(map[string]*hostFailures)}
}

// Unwrap returns the inner Sink, which may be a fetch.Holder.
func (f *Failures) Unwrap() fetch.Sink { return f.Sink }

// Put keeps the Record if it is a failure, and passes it on.
func (f *Failures) Put(r *fetch.Record) error {
	if r.Failure != nil {
		f.add(r)
	}
	return f.Sink.Put(r)
}

func (f *Failures) add(r *fetch.Record) {
	origin := output.OriginOf(r)
	host := f.byOrigin[origin]
	if host == nil {
		if len(f.byOrigin) >= maxSuites {
			origin = ""
		}
		if host = f.byOrigin[origin]; host == nil {
			host = new(hostFailures)
			f.byOrigin[origin] = host
		}
	}
	switch {
	case r.Failure.Kind == failure.Canceled:
		host.canceled++
	case f.kept >= maxCases:
		host.more++
	default:
		f.kept++
		host.cases = append(host.cases, caseOf(r, origin))
	}
}

// A Run is what the file says of a run that has ended.
type Run struct {
	Started  time.Time
	Summary  *fetch.Summary
	ExitCode int
	Failures *Failures
	Hosts    *output.Hosts
}

// The elements of the file.
type (
	testSuite struct {
		XMLName    xml.Name   `xml:"testsuite"`
		Name       string     `xml:"name,attr"`
		Package    string     `xml:"package,attr"`
		ID         int        `xml:"id,attr"`
		Timestamp  string     `xml:"timestamp,attr"`
		Hostname   string     `xml:"hostname,attr"`
		Tests      int        `xml:"tests,attr"`
		Failures   int        `xml:"failures,attr"`
		Errors     int        `xml:"errors,attr"`
		Skipped    int        `xml:"skipped,attr"`
		Time       seconds    `xml:"time,attr"`
		Properties properties `xml:"properties"`
		Cases      []testCase `xml:"testcase"`
		Out        string     `xml:"system-out"`
		Err        string     `xml:"system-err"`
	}
	properties struct {
		All []property `xml:"property"`
	}
	property struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	testCase struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		Time    seconds  `xml:"time,attr"`
		Failure *failed  `xml:"failure"`
		Skipped *skipped `xml:"skipped"`
	}
	failed struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	skipped struct {
		Message string `xml:"message,attr"`
	}
	seconds time.Duration
)

// MarshalXMLAttr writes a time in seconds, exact to the millisecond.
func (s seconds) MarshalXMLAttr(name xml.Name) (xml.Attr, error) {
	return xml.Attr{Name: name, Value: fmt.Sprintf("%.3f", time.Duration(max(s, 0)).Seconds())}, nil
}

// caseOf returns the case of a failure. encoding/xml puts U+FFFD for what no XML can have.
func caseOf(r *fetch.Record, origin string) testCase {
	name := encode.DisplayURL(r)
	if place := encode.DisplayLine(r); place != "" {
		name = place + ": " + name
	}
	text := fmt.Sprintf("%s\nattempts: %d", shorten(encode.DisplayURL(r)), r.Attempts)
	if r.FinalURL != "" {
		text += "\nredirected to: " + shorten(r.FinalURL)
	}
	return testCase{Name: shorten(name), Class: className(origin), Time: seconds(r.Elapsed),
		Failure: &failed{string(r.Failure.Kind), shorten(r.Failure.Error()), text}}
}

// shorten returns the start of a text, for a person, on one line.
func shorten(text string) string {
	if len(text) > maxText {
		text = text[:maxText] + "\u2026"
	}
	return encode.Printable(text)
}

// className returns the class of a host's cases. Jenkins takes what stands before the last dot for a package.
func className(origin string) string {
	return "batchfetch." + strings.ReplaceAll(suiteName(origin), ".", "_")
}

func suiteName(origin string) string {
	if origin == "" {
		return "other requests"
	}
	return origin
}

// Write writes the file.
func (r *Run) Write(w io.Writer) error {
	if _, err := io.WriteString(w, xml.Header+"<testsuites>\n"); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("  ", "  ")
	for id, suite := range r.suites() {
		suite.ID, suite.Hostname = id, "localhost"
		suite.Package, suite.Timestamp = suite.Name, r.Started.UTC().Format("2006-01-02T15:04:05")
		suite.Tests = len(suite.Cases)
		for _, c := range suite.Cases {
			suite.Time += c.Time
			switch {
			case c.Failure != nil:
				suite.Failures++
			case c.Skipped != nil:
				suite.Skipped++
			}
		}
		if err := encoder.Encode(suite); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "\n</testsuites>\n")
	return err
}

// suites returns the suite of the run itself, those of the hosts with the most requests, and of others with failures.
func (r *Run) suites() []*testSuite {
	suites := []*testSuite{r.runSuite()}
	top, others := r.Hosts.Top(maxSuites)
	left := maps.Clone(r.Failures.byOrigin)
	for _, host := range top {
		if host.Origin != "" {
			suites = append(suites, suiteOf(host.Origin, host.Succeeded, left[host.Origin]))
			delete(left, host.Origin)
		}
	}
	for _, origin := range slices.Sorted(maps.Keys(left)) {
		if origin != "" {
			suites = append(suites, suiteOf(origin, 0, left[origin]))
		}
	}
	if without := left[""]; without != nil || others.Succeeded > 0 {
		suites = append(suites, suiteOf("", others.Succeeded, without))
	}
	return suites
}

// runSuite returns the suite whose one case fails where the run was stopped early, or broke.
func (r *Run) runSuite() *testSuite {
	s := r.Summary
	run := testCase{Name: "the run is complete", Class: "batchfetch.run", Time: seconds(s.Elapsed)}
	if !s.Complete || r.ExitCode != 0 && r.ExitCode != 3 {
		message := fmt.Sprintf("exit code %d", r.ExitCode)
		if s.Stopped != fetch.StopNone {
			message += ", stopped by " + string(s.Stopped)
		}
		run.Failure = &failed{"incomplete", message, fmt.Sprintf("%d requests were not started", s.NotStarted)}
	}
	suite := &testSuite{Name: "batchfetch", Cases: []testCase{run}}
	for _, count := range []struct {
		name  string
		value int64
	}{{"total", s.Total}, {"succeeded", s.Succeeded}, {"failed", s.Failed}, {"skipped", s.Skipped},
		{"not_started", s.NotStarted}, {"exit_code", int64(r.ExitCode)}} {
		suite.Properties.All = append(suite.Properties.All, property{count.name, fmt.Sprint(count.value)})
	}
	return suite
}

// suiteOf returns the suite of a host; its counts are properties, so that the names of its cases are those of the run
// before. failures may be nil.
func suiteOf(origin string, succeeded int64, failures *hostFailures) *testSuite {
	suite, class := &testSuite{Name: suiteName(origin)}, className(origin)
	count := func(name string, n int64) {
		suite.Properties.All = append(suite.Properties.All, property{name, fmt.Sprint(n)})
	}
	if count("succeeded", succeeded); succeeded > 0 {
		suite.Cases = append(suite.Cases, testCase{Name: "requests that succeeded", Class: class})
	}
	if failures == nil {
		return suite
	}
	count("failed", int64(len(failures.cases))+failures.more)
	suite.Cases = append(suite.Cases, failures.cases...)
	if failures.more > 0 {
		suite.Cases = append(suite.Cases, testCase{Name: "requests that failed and are not listed", Class: class,
			Failure: &failed{"more", fmt.Sprintf("%d failed", failures.more), "only the first failures of a run are listed"}})
	}
	if failures.canceled > 0 {
		count("canceled", failures.canceled)
		suite.Cases = append(suite.Cases, testCase{Name: "requests that were canceled", Class: class,
			Skipped: &skipped{fmt.Sprintf("%d canceled", failures.canceled)}})
	}
	return suite
}
