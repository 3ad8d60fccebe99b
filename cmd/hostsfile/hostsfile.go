package hostsfile

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"batchfetch/fetch"
	"batchfetch/fetch/parse"
)

// maxSize is the largest file accepted, in bytes.
const maxSize = 1 << 20

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
