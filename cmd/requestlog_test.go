package cmd_test

import (
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// pattern compiles METHOD URL, in which * stands for any text.
func pattern(words []string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(strings.Join(words, " "))
	return regexp.MustCompile("^" + strings.ReplaceAll(quoted, `\*`, ".*") + "$")
}

// matching returns the logged requests that match, in order, and a channel that is closed at the next request.
func (o *origin) matching(which *regexp.Regexp) ([]loggedRequest, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var found []loggedRequest
	for _, r := range o.requests {
		if which.MatchString(r.text) {
			found = append(found, r)
		}
	}
	return found, o.logged
}

// expectRequests is the command asked.
func expectRequests(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) == 3, "asked N METHOD URL")
	requests, _ := scriptEnvOf(ts).origin.matching(pattern(args[1:]))
	if want := atoi(ts, args[0]); len(requests) != want {
		all, _ := scriptEnvOf(ts).origin.matching(pattern([]string{"*"}))
		ts.Fatalf("asked %d times, want %d; all requests: %v", len(requests), want, all)
	}
}

func (r loggedRequest) String() string { return "\n  " + r.text }

// awaitRequests is the command await.
func awaitRequests(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) == 3, "await N METHOD URL")
	which, want, late := pattern(args[1:]), atoi(ts, args[0]), time.After(scriptTimeout)
	for {
		requests, logged := scriptEnvOf(ts).origin.matching(which)
		if len(requests) >= want {
			return
		}
		select {
		case <-logged:
		case <-late:
			ts.Fatalf("asked %d times within %s, want %d", len(requests), scriptTimeout, want)
		}
	}
}

// expectPeak is the command peak.
func expectPeak(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) == 1, "peak N")
	o := scriptEnvOf(ts).origin
	o.mu.Lock()
	defer o.mu.Unlock()
	if want := atoi(ts, args[0]); o.maxInFlight != want {
		ts.Fatalf("%d requests at once, want %d", o.maxInFlight, want)
	}
}

// releaseGate is the command release.
func releaseGate(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) == 1, "release NAME")
	close(scriptEnvOf(ts).origin.gate(args[0]))
}

// expectNotBefore is the command notbefore.
func expectNotBefore(ts *testscript.TestScript, neg bool, args []string) {
	env := scriptEnvOf(ts)
	requireUsage(ts, !neg && len(args) == 3 && !env.marked.IsZero(), "notbefore SPAN METHOD URL, after mark")
	span, err := time.ParseDuration(args[0])
	ts.Check(err)
	requests, _ := env.origin.matching(pattern(args[1:]))
	requireUsage(ts, len(requests) > 0, "notbefore, after a request")
	for _, r := range requests {
		if came := r.at.Sub(env.marked); came > 0 && came < span {
			ts.Fatalf("%s came after %s, may not before %s", r.text, came, span)
		}
	}
}

// expectPassed is the command passed.
func expectPassed(ts *testscript.TestScript, neg bool, args []string) {
	env := scriptEnvOf(ts)
	requireUsage(ts, !neg && len(args) == 1 && !env.marked.IsZero(), "passed SPAN, after mark")
	span, err := time.ParseDuration(args[0])
	ts.Check(err)
	if took := time.Since(env.marked); took < span {
		ts.Fatalf("%s have passed, want at least %s", took, span)
	}
}

// setMark is the command mark.
func setMark(ts *testscript.TestScript, _ bool, _ []string) { scriptEnvOf(ts).marked = time.Now() }

// expectPaced is the command paced.
func expectPaced(ts *testscript.TestScript, neg bool, args []string) {
	env := scriptEnvOf(ts)
	requireUsage(ts, !neg && len(args) == 3 && !env.marked.IsZero(), "paced SPAN METHOD URL, after mark")
	span, err := time.ParseDuration(args[0])
	ts.Check(err)
	requests, _ := env.origin.matching(pattern(args[1:]))
	requireUsage(ts, len(requests) > 1, "paced, after two requests at least")
	for n, r := range requests {
		if came, earliest := r.at.Sub(env.marked), time.Duration(n)*span; came < earliest {
			ts.Fatalf("request %d came after %s, may not before %s", n, came, earliest)
		}
	}
}
