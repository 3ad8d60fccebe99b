package hostsfile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"batchfetch/fetch"
	"batchfetch/fetch/parse"
)

// maxSize is the largest file accepted, in bytes.
const maxSize = 1 << 20

// A Mistake is one error in the file. It never quotes a value of the file, which may be a secret.
type Mistake struct {
	Line          int // 1-based; 0 is the whole file
	Problem, Hint string
}

// A parser collects the rules of a file and every mistake in it.
type parser struct {
	lookup   func(name string) string // of a variable's value, or of a file's content for @FILE; "" is none
	rules    []fetch.HostRule
	current  int              // index in rules of the host being read
	lines    []map[string]int // by rule: the line of each key; "" is the line of the pattern
	mistakes []Mistake
}

// Parse reads the content of a file and expands ${NAME} and ${@FILE} by lookup of NAME or @FILE ("" is not set). The
// rules are nil where there is a mistake; the mistakes are sorted by line.
func Parse(content []byte, lookup func(string) string) (*fetch.HostRules, []Mistake) {
	p := &parser{lookup: lookup}
	if len(content) > maxSize {
		p.addMistake(0, "", errors.New("is over 1 MiB"))
		return nil, p.mistakes
	}
	if root := p.load(content); root != nil {
		p.readMapping(root, "the file", p.readHost)
	}
	rules, err := fetch.NewHostRules(p.rules)
	if joined, several := err.(interface{ Unwrap() []error }); several {
		for _, each := range joined.Unwrap() {
			p.addRuleError(each)
		}
	}
	if len(p.mistakes) > 0 {
		slices.SortStableFunc(p.mistakes, func(a, b Mistake) int { return cmp.Compare(a.Line, b.Line) })
		return nil, p.mistakes
	}
	return rules, nil
}

// addRuleError adds the mistake that fetch.NewHostRules found in one rule, at the line of its key.
func (p *parser) addRuleError(err error) {
	var invalid *fetch.HostRuleError
	if errors.As(err, &invalid) {
		lines := p.lines[invalid.Rule]
		p.addMistake(cmp.Or(lines[invalid.Key], lines[""]), p.describeKey(invalid.Rule, invalid.Key), invalid.Err)
	}
}

// addMistake adds err's text, with where and a colon before it unless where is "".
func (p *parser) addMistake(line int, where string, err error) {
	m := Mistake{Line: line, Problem: err.Error(), Hint: parse.Hint(err)}
	if where != "" {
		m.Problem = where + ": " + m.Problem
	}
	p.mistakes = append(p.mistakes, m)
}

// describeKey returns "PATTERN: key". An invalid pattern is left out, as it may be a misplaced secret.
func (p *parser) describeKey(rule int, key string) string {
	if key == "" {
		return ""
	}
	if _, err := fetch.NewHostRules([]fetch.HostRule{{Pattern: p.rules[rule].Pattern}}); err != nil {
		return key
	}
	return p.rules[rule].Pattern + ": " + key
}

// readMapping calls read for each pair of a mapping, in file order, except for names that came before.
func (p *parser) readMapping(node *yaml.Node, where string, read func(key, value *yaml.Node)) {
	if node.Kind != yaml.MappingNode {
		p.addMistake(node.Line, "", fmt.Errorf("%s is no mapping of names to values", where))
		return
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode:
			p.addMistake(key.Line, "", errors.New("a name that is no text"))
		case seen[key.Value]:
			p.addMistake(key.Line, "", errors.New("the same name for a second time"))
		default:
			seen[key.Value] = true
			read(key, node.Content[i+1])
		}
	}
}

// readHost adds the rule of one host.
func (p *parser) readHost(host, settings *yaml.Node) {
	rule := fetch.HostRule{Pattern: host.Value}
	lines := map[string]int{"": host.Line}
	p.current = len(p.rules)
	p.rules, p.lines = append(p.rules, rule), append(p.lines, lines)
	if isNull(settings) { // a host without settings
		return
	}
	p.readMapping(settings, "what a host has", func(key, value *yaml.Node) {
		name := strings.ReplaceAll(key.Value, "-", "_") // as the flags are written
		read, known := keys[name]
		if _, again := lines[name]; again {
			p.addMistake(key.Line, "", errors.New("the same name for a second time"))
			return
		}
		if !known {
			p.addMistake(key.Line, "", &parse.Error{
				Problem: "no setting of a host" + quoteWord(key.Value),
				Hint:    "there are " + strings.Join(keyNames(), ", "),
			})
			return
		}
		lines[name] = key.Line
		if err := read(p, &p.rules[p.current].HostSettings, value); err != nil {
			p.addMistake(key.Line, p.describeKey(p.current, name), err)
		}
	})
}

// quoteWord returns ": text" for up to 20 lower-case letters, a misspelt key at a guess, and "" for anything else.
func quoteWord(text string) string {
	if len(text) > 20 || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_-") != "" {
		return ""
	}
	return ": " + text
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" }
