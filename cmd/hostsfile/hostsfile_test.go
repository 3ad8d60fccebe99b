package hostsfile

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"batchfetch/fetch"
)

// lookup stands for os.Getenv.
func lookup(name string) string {
	return map[string]string{
		"KEY": "s3cret", "OTHER": "${KEY}", "LINES": "s3cret\nX: y", "EMPTY": "", "_a1": "x",
		"@dir/token.txt": "fr0mfile", "@LINES": "s3cret\nX: y",
	}[name]
}

func TestExpandVariables(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"plain $KEY $ {KEY}":       "plain $KEY $ {KEY}",
		"${KEY}":                   "s3cret",
		"Bearer ${KEY}!":           "Bearer s3cret!",
		"${KEY}${_a1}":             "s3cretx",
		"Bearer ${@dir/token.txt}": "Bearer fr0mfile",
		"${OTHER}":                 "${KEY}", // a value is not expanded again
		"$${KEY}":                  "${KEY}",
		"a$${b${KEY}$":             "a${bs3cret$",
	} {
		if got, err := expandVariables(text, lookup); err != nil || got != want {
			t.Errorf("%q is %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{
		"${NONE}", "${EMPTY}", "${KEY", "${}", "${1A}", "${A B}", "${KEY:-x}", "${LINES}", "x ${KEY} ${NONE}",
		"${@}", "${@missing}", "${@LINES}", "${@dir/token.txt",
	} {
		if got, err := expandVariables(text, lookup); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
}

// TestHostsFile: the settings of https://api.example.com after Parse.
func TestHostsFile(t *testing.T) {
	const all = `concurrency=2 rate=5 retries=0 connect=5s stall=0s timeout=1m30s user="me" password="s3cret" ` +
		`headers=map[Accept:[] X-A:[one] X-B:[1 true]]`
	for _, tt := range []struct{ name, file, want string }{
		{"empty", "", "none"},
		{"comments only", "# api.example.com: {rate: 1/s}\n\n", "none"},
		{"nothing of its own", "api.example.com:\n", ""},
		{"YAML", `
# comment
"*.example.com":
  concurrency: 99
api.example.com:
  concurrency: 2
  rate: 300/m
  retries: 0
  connect_timeout: 5s
  stall_timeout: none
  timeout: 1m30s
  user: me
  password: ${KEY}
  headers:
    X-A: one
    x-b: [1, true]
    Accept:
`, all},
		{"JSON", `{"*.example.com": {"concurrency": 99}, "api.example.com": {"concurrency": 2, "rate": "300/m",
			"retries": 0, "connect_timeout": "5s", "stall_timeout": "0", "timeout": "90s", "user": "me",
			"password": "${KEY}", "headers": {"x-a": "one", "X-B": ["1", "true"], "accept": null}}}`, all},
		{"no login", "api.example.com: {user: me, login: false}", `user="me" password=""`},
		{"no limit", "api.example.com: {rate: none, timeout: none}", "rate=0 timeout=0s"},
		{"a number is a text", "api.example.com: {user: 0123, password: 1.50}", `user="0123" password="1.50"`},
		{"quotes keep all", "api.example.com: {password: '*a: #b!&'}", `user="" password="*a: #b!&"`},
		{"a BOM and CRLF", "\ufeffapi.example.com:\r\n  user: me\r\n", `user="me" password=""`},
		{"a suffix", "'*.example.com': {retries: 7}", "retries=7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rules, mistakes := Parse([]byte(tt.file), lookup)
			if len(mistakes) > 0 {
				t.Fatalf("%+v", mistakes)
			}
			if got := describeSettings(rules.Of("https://api.example.com")); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestHostsFileOfTheManual: the example of the manual is valid as it stands.
func TestHostsFileOfTheManual(t *testing.T) {
	page, err := os.ReadFile("../topics/hosts.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "\n\n    ")
	example, _, _ = strings.Cut("    "+example, "\n\n")
	rules, mistakes := Parse([]byte(example), func(name string) string { return "value of " + name })
	if len(mistakes) > 0 {
		t.Fatalf("%+v in %s", mistakes, example)
	}
	for _, name := range keyNames() {
		if !strings.Contains(example, "\n      "+name+": ") {
			t.Errorf("the example has no %s", name)
		}
	}
	const want = `concurrency=2 rate=5 retries=1 connect=5s stall=1m0s timeout=5m0s ` +
		`user="me" password="value of API_PASSWORD" ` +
		`headers=map[Accept:[text/html text/plain] Cookie:[] X-Api-Key:[value of API_KEY]] login`
	if got := describeSettings(rules.Of("https://api.example.com")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestPathsInTheHostsFile: the settings of a path hold for what is below it, and not for the host.
func TestPathsInTheHostsFile(t *testing.T) {
	const file = "a.test: {concurrency: 2}\na.test/search: {rate: 30/m, stall_timeout: 5s, retries: 1}\n"
	rules, mistakes := Parse([]byte(file), lookup)
	if len(mistakes) > 0 {
		t.Fatalf("%+v", mistakes)
	}
	for path, want := range map[string]string{
		"/search": "rate=0.5 retries=1 stall=5s", "/search/x": "rate=0.5 retries=1 stall=5s",
		"/searching": "none", "/": "none",
	} {
		own, _ := rules.OfPath("https://a.test", path)
		if got := describeSettings(own); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if got := describeSettings(rules.Of("https://a.test")); got != "concurrency=2" {
		t.Errorf("the host has %s", got)
	}
}

// describeSettings lists the settings that are set, as key=value.
func describeSettings(s *fetch.HostSettings) string {
	if s == nil {
		return "none"
	}
	var words []string
	add := func(set bool, format string, value func() any) {
		if set {
			words = append(words, fmt.Sprintf(format, value()))
		}
	}
	add(s.Concurrency != nil, "concurrency=%d", func() any { return *s.Concurrency })
	add(s.Rate != nil, "rate=%g", func() any { return *s.Rate })
	add(s.Retries != nil, "retries=%d", func() any { return *s.Retries })
	add(s.ConnectTimeout != nil, "connect=%s", func() any { return *s.ConnectTimeout })
	add(s.StallTimeout != nil, "stall=%s", func() any { return *s.StallTimeout })
	add(s.Timeout != nil, "timeout=%s", func() any { return *s.Timeout })
	add(s.Username != "" || s.Password != "", "user=%q", func() any { return s.Username })
	add(s.Username != "" || s.Password != "", "password=%q", func() any { return s.Password })
	add(s.Header != nil, "headers=%v", func() any { return map[string][]string(s.Header) })
	if s.Login {
		words = append(words, "login")
	}
	return strings.Join(words, " ")
}

// TestBrokenHostsFile: each mistake is reported at its line, and no message quotes a value.
func TestBrokenHostsFile(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       string // line: start of the problem, for each
	}{
		{"no mapping", "a.test", "1: the file is no mapping"},
		{"an alias by mistake", "a.test:\n  password: *s3cret", "2: not valid YAML"},
		{"an alias", "a.test: &x {rate: 1/s}\nb.test: *x", "1: an anchor|2: an alias"},
		{"an anchor by mistake", "a.test:\n  password: &s3cret x", "2: an anchor"},
		{"a tag by mistake", "a.test:\n  password: !s3cret x", "2: a tag"},
		{"a star without quotes", "*.a.test: {password: s3cret}", "1: not valid YAML"},
		{"a torn flow", "a.test: {password: s3cret", "1: not valid YAML"},
		{"a torn quote", "a.test:\n  password: \"s3cret", "2: not valid YAML"},
		{"a tab", "a.test:\n\trate: 1/s", "2: not valid YAML"},
		{"a colon", "a.test: {}\nb.test: rate: s3cret", "2: not valid YAML"},
		{"no UTF-8", "a.test: {password: s3cret\xff}", "0: not valid YAML"},
		{"a login that is neither", "a.test: {user: me, login: s3cret}", "1: a.test: login: is not true or false"},
		{"a login of nothing", "a.test: {login: true}", "1: a.test: login: is for a user and password, a token, or headers"},
		{"a login of a part", "a.test/b: {login: true, rate: 1/s}",
			"1: a.test/b: login: is for a user and password, a token, or headers|" +
				"1: a.test/b: login: is of the whole host"},
		{"no space behind a colon", "a.test: {user:me, password:s3cret}", "1: no setting of a host|1: no setting of a host"},
		{"a list in a list", "a.test: {headers: {X-A: [[s3cret]]}}", "1: a.test: headers: is not a single value"},
		{"a list of nothing", "a.test: {headers: {X-A: []}}", "1: a.test: headers: an empty list"},
		{"a path that can't be", "a.test/b/../c: {}\na.test/*: {}\na.test/b?s3cret: {}\n'*/b': {}\na.test/: {}",
			"1: a path with an empty segment|2: a * in a path|3: more than a host and a path|4: a path is of one host|" +
				"5: a path without a segment"},
		{"what a path can't have",
			"a.test/b:\n  user: s3cret\n  password: s3cret\n  headers: {A: s3cret}\n  connect_timeout: 1s",
			"2: a.test/b: user: is of the whole host|3: a.test/b: password: is of the whole host|" +
				"4: a.test/b: headers: is of the whole host|5: a.test/b: connect_timeout: is of the whole host"},
		{"a path twice", "a.test/b: {}\na.test/b/: {}", "2: the same host is named twice"},
		{"a share of all", "'*':\n  share: s3cret", "2: *: share: is for some hosts"},
		{"a share without a name", "a.test: {share: }\nb.test: {share: [s3cret]}",
			"1: a.test: share: has no value|2: b.test: share: is not a single value"},
		{"a merge", "a.test: {<<: {rate: 1/s}}", "1: no setting of a host"},
		{"a name that is a list", "? [s3cret]\n: {}\n", "1: a name that is no text"},
		{"several", "a.test:\n  rate: s3cret\n  retries: s3cret\nb test:\n  timeout: s3cret",
			"2: a.test: rate: not a rate|3: a.test: retries: not a whole number|4: not a host|5: timeout: not a duration"},
		{"too long", strings.Repeat("# s3cret\n", maxSize/9+1), "0: is over 1 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rules, mistakes := Parse([]byte(tt.file), lookup)
			if rules != nil {
				t.Error("the file is accepted")
			}
			want := strings.Split(tt.want, "|")
			for i, m := range mistakes {
				got := fmt.Sprintf("%d: %s", m.Line, m.Problem)
				if strings.Contains(got+m.Hint, "s3cret") {
					t.Errorf("%s repeats a secret", got)
				}
				if i < len(want) && !strings.HasPrefix(got, want[i]) {
					t.Errorf("got %s, want %s", got, want[i])
				}
			}
			if len(mistakes) != len(want) {
				t.Errorf("%d mistakes: %+v, want %d", len(mistakes), mistakes, len(want))
			}
		})
	}
}

// FuzzHostsFile: any file is either accepted or refused with line numbers that exist, and no message quotes a value.
func FuzzHostsFile(f *testing.F) {
	for _, seed := range []string{
		"a.test: {rate: 1/s}", `{"a.test": {"headers": {"X": ["a", null]}}}`, "'*': \n  user: x\n  password: ${KEY}",
		"a: &x [*x]", "a: *b", "---\n...\n---\n", "? a\n: b", "a: |\n  b\n", "%YAML 1.2\n---\na: b",
		"a: !!set {b}", "[[[[{{{{",
	} {
		f.Add(seed, "word")
	}
	f.Fuzz(func(t *testing.T, file, value string) {
		const mark = "Zq7secretX9k"
		rules, mistakes := Parse([]byte(file), lookup)
		if (rules == nil) != (len(mistakes) > 0) {
			t.Errorf("%v and %+v", rules, mistakes)
		}
		for _, key := range keyNames() {
			_, of := Parse([]byte("a.test:\n  "+key+": "+mark+value+"\n"+file), lookup)
			mistakes = append(mistakes, of...)
		}
		for _, m := range mistakes {
			if m.Line < 0 || m.Line > len(file)+len(value)+3 {
				t.Errorf("line %d", m.Line)
			}
			if strings.Contains(m.Problem+m.Hint, mark) {
				t.Errorf("%s repeats a value", m.Problem)
			}
		}
	})
}
