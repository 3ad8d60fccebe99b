package cmd

import (
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"batchfetch/fetch"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/output"
)

// TestHintForKind: the hint for a final status below 500 is to accept it, but for 401, 403 and 429, which are about
// credentials and limits; that for a server error is to ask again.
func TestHintForKind(t *testing.T) {
	for _, c := range []struct {
		name          string
		kind          failure.Kind
		status        int
		want, wantNot string
	}{
		{"missing", failure.BadStatus, 404, "--accept-status 200-299,404 ", "--retries"},
		{"a redirect that is not followed", failure.BadStatus, 304, "--accept-status 200-299,304 ", "--retries"},
		{"the last of the client's", failure.BadStatus, 499, "--accept-status 200-299,499 ", "--retries"},
		{"no credentials", failure.BadStatus, 401, "credentials", "--accept-status"},
		{"forbidden", failure.BadStatus, 403, "--throttle-on 403", "--accept-status"},
		{"limited", failure.BadStatus, 429, "--retry-max-delay", "--accept-status"},
		{"broken server", failure.BadStatus, 500, "--retries", "--accept-status"},
		{"overloaded server", failure.BadStatus, 503, "--retries", "--accept-status"},
		{"a limit by 503", failure.BadStatus, 503, "--throttle-on 503", "--accept-status"},
		{"a limit of bandwidth", failure.BadStatus, 509, "--throttle-on 509", "--retries"},
		{"beyond them all", failure.BadStatus, 599, "--retries", "--accept-status"},
		{"another kind with a status", failure.Truncated, 200, "--retries", "--accept-status"},
		{"rate limited", failure.RateLimited, 429, "--host-rate", "--accept-status"},
		{"no answer", failure.Timeout, 0, "the network gave up", "--accept-status"},
	} {
		t.Run(c.name, func(t *testing.T) {
			hint := hintForKind(c.kind, output.Example{URL: "https://a.example/", Status: c.status})
			if !strings.Contains(hint, c.want) || strings.Contains(hint, c.wantNot) {
				t.Errorf("the hint is %q", hint)
			}
		})
	}
}

// TestHintsNameFlags: each --flag that a hint names exists.
func TestHintsNameFlags(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	register(flags, new(settings), new(problems))
	hints := []string{
		hintForKind(failure.BadStatus, output.Example{Status: 404}),
		hintForKind(failure.BadStatus, output.Example{Status: 500}),
		hintForKind(failure.BadStatus, output.Example{Status: 401}),
		hintForKind(failure.BadStatus, output.Example{Status: 403}),
		hintForKind(failure.BadStatus, output.Example{Status: 503}),
		hintForKind(failure.BadStatus, output.Example{Status: 509}),
	}
	for _, hint := range optionHints {
		hints = append(hints, hint)
	}
	for _, hint := range kindHints {
		hints = append(hints, hint)
	}
	for _, hint := range hints {
		isSeparator := func(r rune) bool { return strings.ContainsRune(" ,:=", r) }
		for _, word := range strings.FieldsFunc(hint, isSeparator) {
			if name, found := strings.CutPrefix(word, "--"); found && flags.Lookup(name) == nil {
				t.Errorf("there is no --%s: %q", name, hint)
			}
		}
	}
}

// TestShortHelpFits: what is printed to a newcomer's terminal fits into 80 columns.
func TestShortHelpFits(t *testing.T) {
	for line := range strings.Lines(shortHelp) {
		if columns := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); columns > 80 {
			t.Errorf("%d columns: %s", columns, line)
		}
	}
}

// TestWatchedHints: there is one hint for each of the two things at most, about the host that has most of it.
func TestWatchedHints(t *testing.T) {
	for _, c := range []struct {
		watched map[string]fetch.Watched
		want    []string // what each hint begins with
	}{
		{nil, nil},
		{map[string]fetch.Watched{"http://a.example": {Unvalidated: 2}},
			[]string{"2 answers of http://a.example have no ETag"}},
		{map[string]fetch.Watched{"http://a.example": {Fresh: 3, FreshFor: 90 * time.Minute}},
			[]string{"3 answers of http://a.example may be used again for 1h30m (Cache-Control)"}},
		{map[string]fetch.Watched{"http://a.example": {Unvalidated: 1}, "http://b.example": {Unvalidated: 5, Fresh: 1},
			"http://c.example": {Fresh: 2, FreshFor: time.Hour}}, []string{
			"5 answers of http://b.example and 1 more hosts have no ETag",
			"2 answers of http://c.example and 1 more hosts may be used again for 1h "}},
	} {
		hints := watchedHints(fetch.Summary{Watched: c.watched})
		for i, hint := range hints {
			if i >= len(c.want) || !strings.HasPrefix(hint, c.want[i]) {
				t.Errorf("%+v: hint %d is %q", c.watched, i, hint)
			}
		}
		if len(hints) != len(c.want) {
			t.Errorf("%+v: %d hints, want %d", c.watched, len(hints), len(c.want))
		}
	}
}

// TestTLSOptionsHaveHints: each thing that a failed TLS handshake names has a hint.
func TestTLSOptionsHaveHints(t *testing.T) {
	for _, option := range []string{dial.OptionCert, dial.OptionClientCert, dial.OptionChain, dial.OptionCommon,
		dial.OptionName, dial.OptionAddress, dial.OptionServer, dial.OptionUnreadable, dial.OptionTickets,
		dial.OptionNoRoots, dial.OptionHello} {
		if hintForKind(failure.TLS, output.Example{Option: option}) == "" {
			t.Errorf("there is no hint for %s", option)
		}
	}
}

// TestOutputHintForUnreadable: a journal in a mount of rclone 1.60 without --vfs-cache-mode opens, and can't be read
// ("read all.jsonl.journal: operation not permitted"): its permissions are not what is wrong.
func TestOutputHintForUnreadable(t *testing.T) {
	for op, want := range map[string]string{"read": "--vfs-cache-mode", "open": "check the permissions"} {
		err := &fs.PathError{Op: op, Path: "all.jsonl.journal", Err: syscall.EPERM}
		if hint := outputHint(err); !strings.Contains(hint, want) {
			t.Errorf("%v: %q", err, hint)
		}
	}
}
