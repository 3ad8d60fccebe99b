package hostsfile

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v4"

	"batchfetch/fetch"
	"batchfetch/fetch/parse"
)

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

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" }
