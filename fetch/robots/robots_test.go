package robots

import (
	"strings"
	"testing"
	"time"
)

// What a robots.txt says of a path. Those with a section are the examples of RFC 9309 and of what it refers to.
func TestAllows(t *testing.T) {
	const groups = "User-Agent: foobot\nDisallow: /example/page.html\nDisallow: /example/disallowed.gif\n\n" +
		"User-Agent: *\nDisallow: /other/\n\nUser-Agent: FooBot\nUser-Agent: barbot\nDisallow: /third/ # both\n\n" +
		"User-Agent: freebot\nDisallow:\n"
	const longest = "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n"
	for _, c := range []struct {
		name, text, agent, path string
		want                    bool
	}{
		{"no rules", "", "foobot", "/a", true},
		{"5.1 own group", groups, "foobot", "/example/page.html", false},
		{"5.1 groups are merged", groups, "foobot", "/third/x", false},
		{"5.1 own group, not that of all", groups, "foobot", "/other/x", true},
		{"5.1 group of two", groups, "barbot", "/third/x", false},
		{"5.1 group without rules", groups, "freebot", "/other/x", true},
		{"5.1 any other", groups, "bazbot", "/other/x", false},
		{"5.1 any other, elsewhere", groups, "bazbot", "/third/x", true},
		{"5.2 longest, allowed", longest, "foobot", "/example/page/a", true},
		{"5.2 longest, disallowed", longest, "foobot", "/example/page/disallowed.gif", false},
		{"2.2.1 the token of a User-Agent", groups, "foobot/1.0 (+https://example.com)", "/third/x", false},
		{"2.2.1 a token is no prefix of another", "User-Agent: foo\nDisallow: /\n", "foobot", "/a", true},
		{"2.2.1 any case", "USER-AGENT: FOOBOT\nDISALLOW: /\n", "foobot", "/a", false},
		{"2.2.1 a version in the file", "User-Agent: foobot/2.0\nDisallow: /\n", "foobot", "/a", false},
		{"2.2.1 groups of all are merged", "User-agent: *\nDisallow: /a\n\nUser-agent: *\nDisallow: /b\n", "x", "/a", false},
		{"2.2.1 rules before any group", "Disallow: /\nUser-agent: *\nAllow: /b\n", "x", "/a", true},
		{"2.2.2 two as long", "User-agent: *\nDisallow: /p\nAllow: /p\n", "x", "/page", true},
		{"2.2.2 coded in the path", "User-agent: *\nDisallow: /foo/bar/ツ\n", "x", "/foo/bar/%E3%83%84", false},
		{"2.2.2 coded in the rule", "User-agent: *\nDisallow: /foo/bar/%E3%83%84\n", "x", "/foo/bar/ツ", false},
		{"2.2.2 coded small", "User-agent: *\nDisallow: /foo/bar/%e3%83%84\n", "x", "/foo/bar/%E3%83%84", false},
		{"2.2.2 unreserved in the rule", "User-agent: *\nDisallow: /foo/bar/%62%61%7A\n", "x", "/foo/bar/baz", false},
		{"2.2.2 unreserved in the path", "User-agent: *\nDisallow: /foo/bar/baz\n", "x", "/foo/bar/%62%61%7A", false},
		{"2.2.2 reserved stays coded", "User-agent: *\nDisallow: /a%2Fb\n", "x", "/a/b", true},
		{"2.2.2 query", "User-agent: *\nDisallow: /foo?baz=https://foo.bar\n", "x", "/foo?baz=https://foo.bar", false},
		{"2.2.3 star", "User-agent: *\nDisallow: /path/*/file\n", "x", "/path/a/b/file.html", false},
		{"2.2.3 end", "User-agent: *\nAllow: /$\nDisallow: /\n", "x", "/", true},
		{"2.2.3 end, not there", "User-agent: *\nAllow: /$\nDisallow: /\n", "x", "/page.htm", false},
		{"2.2.3 star and end", "User-agent: *\nDisallow: /*.php$\n", "x", "/a.php/b.php", false},
		{"2.2.3 star and end, not there", "User-agent: *\nDisallow: /*.php$\n", "x", "/a.php?b", true},
		{"2.2.3 a star itself", "User-agent: *\nDisallow: /a%2Ab\n", "x", "/a*b", false},
		{"2.2.3 a star itself, coded", "User-agent: *\nDisallow: /a%2Ab\n", "x", "/a%2ab", false},
		{"2.2.3 a coded star is none", "User-agent: *\nDisallow: /a%2Ab\n", "x", "/axb", true},
		{"2.2.3 a dollar sign itself", "User-agent: *\nDisallow: /a%24\n", "x", "/a$b", false},
		{"2.2.3 a dollar sign within", "User-agent: *\nDisallow: /a$b\n", "x", "/a", true},
		{"2.2.3 a star alone", "User-agent: *\nDisallow: *\n", "x", "/x", false},
		{"2.2.3 stars at the end", "User-agent: *\nDisallow: /a***\n", "x", "/ab", false},
		{"2.2.2 robots.txt", "User-agent: *\nDisallow: /\n", "x", "/robots.txt", true},
		{"2.2.4 others are no rules", "User-agent: a\nSitemap: https://x/\nUser-agent: b\nDisallow: /x\n", "a", "/x", false},
		{"blank lines end no group", "User-agent: a\n\n\nDisallow: /x\n", "a", "/x", false},
		{"byte order mark", "\ufeffUser-agent: *\nDisallow: /x\n", "a", "/x", false},
		{"CR alone", "User-agent: *\rDisallow: /x\r", "a", "/x", false},
		{"CRLF and space", "  User-agent : * \r\n\tDisallow\t:\t/x  # no\r\n", "a", "/xy", false},
		{"a page", "<!DOCTYPE html><html>Disallow: /</html>", "a", "/x", true},
		{"no path", "User-agent: *\nDisallow: x\n", "a", "/x", true},
		{"no name of ours", "User-agent: *\nDisallow: /x\n", "", "/x", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Parse([]byte(c.text), c.agent).Allows(c.path); got != c.want {
				t.Errorf("%v for %q and %q of\n%s", got, c.agent, c.path, c.text)
			}
		})
	}
	if !(*Rules)(nil).Allows("/a") || (*Rules)(nil).CrawlDelay() != 0 {
		t.Error("no rules forbid a path, or have a delay")
	}
}

func TestCrawlDelay(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"User-agent: *\nCrawl-delay: 2.5\n":                            2500 * time.Millisecond,
		"User-agent: *\nCrawl-delay: 1\nUser-agent: a\nDisallow: /x\n": 0,
		"User-agent: a\nCrawl-delay: 3\nUser-agent: *\nCrawl-delay: 1": 3 * time.Second,
		"User-agent: *\nCrawl-delay: -1\n":                             0,
		"User-agent: *\nCrawl-delay: NaN\n":                            0,
		"User-agent: *\nCrawl-delay: soon\n":                           0,
		"User-agent: *\nCrawl-delay: 1e300\n":                          24 * time.Hour,
	} {
		if got := Parse([]byte(text), "a").CrawlDelay(); got != want {
			t.Errorf("%v, want %v of %q", got, want, text)
		}
	}
}

// Behind 500 KiB nothing counts, and neither does the line that they cut.
func TestOnlyTheStartIsRead(t *testing.T) {
	start := "User-agent: *\nDisallow: /first\n"
	filler := strings.Repeat("#", MaxBytes-len(start)-len("\nDisallow: /c"))
	r := Parse([]byte(start+filler+"\nDisallow: /cut\nDisallow: /late\n"), "a")
	for path, want := range map[string]bool{"/first": false, "/cut": true, "/c": true, "/late": true} {
		if r.Allows(path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("User-agent: *\nDisallow: /a*b$\nAllow: /%41\nCrawl-delay: 1", "/a%2Fb?c")
	f.Fuzz(func(t *testing.T, text, path string) {
		r := Parse([]byte(text), "a")
		if r.Allows(path) != r.Allows(normalize(path, false)) {
			t.Errorf("%q is not as its normal form", path)
		}
		if r.CrawlDelay() < 0 || r.CrawlDelay() > maxDelay {
			t.Error(r.CrawlDelay())
		}
	})
}
