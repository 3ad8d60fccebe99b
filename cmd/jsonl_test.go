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

// schema compiles what `batchfetch schema` prints.
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

// expectJSONL is the command jsonl.
func expectJSONL(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) > 0, "jsonl FILE...")
	shape, err := schema()
	ts.Check(err)
	for _, name := range args {
		text := ts.ReadFile(name)
		if text != "" && !strings.HasSuffix(text, "\n") {
			ts.Fatalf("%s: the last line is not whole", name)
		}
		for i, line := range splitLines(text) {
			if !utf8.ValidString(line) {
				ts.Fatalf("%s:%d: not UTF-8: %q", name, i+1, line)
			}
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
			if err == nil {
				err = shape.Validate(value)
			}
			if err == nil {
				err = checkTotal(value)
			}
			if err != nil {
				ts.Fatalf("%s:%d: %v\n%s", name, i+1, err, line)
			}
		}
	}
}

// checkTotal checks the counts of a summary: total = succeeded + failed + skipped + not_started.
func checkTotal(line any) error {
	members, _ := line.(map[string]any) // by the schema it is one
	if members["type"] != "summary" {
		return nil
	}
	left := 0
	for name, sign := range map[string]int{"total": 1, "succeeded": -1, "failed": -1, "skipped": -1, "not_started": -1} {
		n, err := strconv.Atoi(formatValue(members[name]))
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

// splitLines returns the lines of a text without line breaks.
func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// expectLines is the command lines.
func expectLines(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) == 2, "lines FILE N")
	if got, want := len(splitLines(ts.ReadFile(args[0]))), atoi(ts, args[1]); got != want {
		ts.Fatalf("%s has %d lines, want %d", args[0], got, want)
	}
}

// expectField is the command field.
func expectField(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, len(args) == 4 || neg && len(args) == 3, "[!] field FILE SELECT .PATH [WANT]")
	line := selectLine(ts, args[0], args[1])
	value, here := walk(line, args[2])
	if len(args) == 3 {
		if here {
			ts.Fatalf("%s is %s, want it absent", args[2], formatValue(value))
		}
		return
	}
	if !here {
		ts.Fatalf("%s is absent in %s", args[2], formatValue(line))
	}
	if got := formatValue(value); matches(ts, got, args[3]) == neg {
		ts.Fatalf("%s is %s, want (or, negated, do not want) %s", args[2], got, args[3])
	}
}

// matches reports whether got is want, or matches the regular expression after its ~.
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
	for i, text := range splitLines(ts.ReadFile(file)) {
		value, err := decode(text)
		if err != nil {
			ts.Fatalf("%s:%d: %v", file, i+1, err)
		}
		if byMember {
			if got, here := walk(value, "."+member); !here || formatValue(got) != want {
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

// decode parses JSON and keeps numbers as they are written.
func decode(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var value any
	err := d.Decode(&value)
	return value, err
}

// walk returns the value at a path such as .member.member.0; false if there is none.
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

// formatValue returns a string as it is and any other value as JSON.
func formatValue(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
