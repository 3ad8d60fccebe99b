package input

import (
	"bytes"
	"regexp"
	"sync"

	"batchfetch/fetch"
)

// foreignLine is a form of line that has a meaning in lists of requests for other programs, and is no URL.
type foreignLine struct {
	holds string // is in each line of the form, and found in a hundredth of the time
	form  *regexp.Regexp
	is    fetch.ForeignLineError
}

// foreignLines are compiled when the first line needs them, as most runs have none; the first that matches counts.
var foreignLines = sync.OnceValue(func() []foreignLine {
	return []foreignLine{
		// curl -K writes url = "https://example.com/", aria2c -i has options such as out=name below a URL.
		{"", regexp.MustCompile(`^(--?[A-Za-z]|[a-z][a-z0-9-]*[ \t]*=|url[ \t:]+["a-z])`),
			"an option for another program, as curl -K and aria2c -i read them"},
		// vegeta, hurl and files named .http
		{"://", regexp.MustCompile(`^[A-Z]+[ \t]+https?://`),
			"a method in front of the URL; a JSON line has both as members"},
		// scripts, Markdown, HTML; not JSON that is wrong elsewhere
		{"://", regexp.MustCompile(`^(["'<(]|[^{].*[\s"'<(])https?://`),
			"text in front of the URL, or marks around it"},
		// tables without a header, names with values; not a host with a URL in its path or query
		{"://", regexp.MustCompile(`^[^{/?#]*[,;|=]https?://`), "text in front of the URL, or marks around it"},
		// JSON that was made readable
		{"{", regexp.MustCompile(`^\{$`), "not valid JSON, a brace alone; jq -c . FILE writes each object on one line"},
	}
})

// foreignError returns what a line is that can't be used: err, or that the line is for another program.
func foreignError(line []byte, err error) error {
	for _, foreign := range foreignLines() {
		if bytes.Contains(line, []byte(foreign.holds)) && foreign.form.Match(line) {
			return foreign.is
		}
	}
	return err
}
