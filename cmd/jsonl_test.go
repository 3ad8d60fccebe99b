package cmd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"batchfetch/output/encode"
)

// schema is what `batchfetch schema` prints.
var schema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(encode.Schema()))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("schema.json")
})

func jsonl(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, !neg && len(args) > 0, "jsonl FILE...")
	shape, err := schema()
	ts.Check(err)
	for _, name := range args {
		text := ts.ReadFile(name)
		if text != "" && !strings.HasSuffix(text, "\n") {
			ts.Fatalf("%s: the last line is not whole", name)
		}
		for i, line := range cut(text) {
			if !utf8.ValidString(line) {
				ts.Fatalf("%s:%d: not UTF-8: %q", name, i+1, line)
			}
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
			if err == nil {
				err = shape.Validate(value)
			}
			if err == nil {
				err = addUp(value)
			}
			if err != nil {
				ts.Fatalf("%s:%d: %v\n%s", name, i+1, err, line)
			}
		}
	}
}

// addUp holds the counts of a summary against each other: total = succeeded + failed + skipped + not_started.
func addUp(line any) error {
	members, _ := line.(map[string]any) // the schema has seen to it
	if members["type"] != "summary" {
		return nil
	}
	left := 0
	for name, sign := range map[string]int{"total": 1, "succeeded": -1, "failed": -1, "skipped": -1, "not_started": -1} {
		n, err := strconv.Atoi(shown(members[name]))
		if err != nil {
			return err
		}
		left += sign * n
	}
	if left != 0 {
		return fmt.Errorf("the counts of the summary leave %d of its total", left)
	}
	return nil
}

// cut returns the lines of a text without their ends.
func cut(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func lines(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, !neg && len(args) == 2, "lines FILE N")
	if got, want := len(cut(ts.ReadFile(args[0]))), whole(ts, args[1]); got != want {
		ts.Fatalf("%s has %d lines, want %d", args[0], got, want)
	}
}

func field(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, len(args) == 4 || neg && len(args) == 3, "[!] field FILE SELECT .PATH [WANT]")
	line := selectLine(ts, args[0], args[1])
	value, here := walk(line, args[2])
	if len(args) == 3 {
		if here {
			ts.Fatalf("%s is %s, want it absent", args[2], shown(value))
		}
		return
	}
	if !here {
		ts.Fatalf("%s is absent in %s", args[2], shown(line))
	}
	if got := shown(value); matches(ts, got, args[3]) == neg {
		ts.Fatalf("%s is %s, want (or, negated, do not want) %s", args[2], got, args[3])
	}
}

func matches(ts *testscript.TestScript, got, want string) bool {
	text, isPattern := strings.CutPrefix(want, "~")
	if !isPattern {
		return got == want
	}
	compiled, err := regexp.Compile(text)
	ts.Check(err)
	return compiled.MatchString(got)
}

// selectLine returns a line by its number from 1, or the only one in which a member has a value.
func selectLine(ts *testscript.TestScript, file, which string) any {
	member, want, byMember := strings.Cut(which, "=")
	var found []any
	for i, text := range cut(ts.ReadFile(file)) {
		value, err := decode(text)
		if err != nil {
			ts.Fatalf("%s:%d: %v", file, i+1, err)
		}
		if byMember {
			if got, here := walk(value, "."+member); !here || shown(got) != want {
				continue
			}
		} else if strconv.Itoa(i+1) != which {
			continue
		}
		found = append(found, value)
	}
	if len(found) != 1 {
		ts.Fatalf("%s has %d lines with %s, want one", file, len(found), which)
	}
	return found[0]
}

func decode(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var value any
	err := d.Decode(&value)
	return value, err
}

// walk follows .member.member.0 into a value.
func walk(value any, path string) (any, bool) {
	for name := range strings.SplitSeq(strings.TrimPrefix(path, "."), ".") {
		switch inside := value.(type) {
		case map[string]any:
			next, here := inside[name]
			if !here {
				return nil, false
			}
			value = next
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(inside) {
				return nil, false
			}
			value = inside[i]
		default:
			return nil, false
		}
	}
	return value, true
}

// shown is a string as it is and anything else as JSON.
func shown(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
