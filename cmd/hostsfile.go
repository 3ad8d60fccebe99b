package cmd

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"batchfetch/fetch"
)

// mostHostsFile bounds a --hosts file, in bytes.
const mostHostsFile = 1 << 20

// A hostsMistake is one thing that is wrong with a --hosts file. No value of the file is in it: that may be a secret.
type hostsMistake struct {
	line          int // 1-based; 0 is the whole file
	problem, hint string
}

// A hostsParser makes fetch.HostRules of a YAML document and collects all that is wrong with it.
type hostsParser struct {
	lookup   func(name string) string // the environment
	rules    []fetch.HostRule
	at       int              // the rule being read
	lines    []map[string]int // of each rule's keys; "" is the rule's own
	mistakes []hostsMistake
}

// parseHosts reads the content of a --hosts file: YAML, which JSON is too. The rules are nil where anything is wrong.
func parseHosts(content []byte, lookup func(string) string) (*fetch.HostRules, []hostsMistake) {
	p := &hostsParser{lookup: lookup}
	if len(content) > mostHostsFile {
		p.wrong(0, "", errors.New("is over 1 MiB"))
		return nil, p.mistakes
	}
	if root := p.load(content); root != nil {
		p.each(root, "the file", p.takeHost)
	}
	rules, err := fetch.NewHostRules(p.rules)
	for _, each := range flatten(err) {
		var mistake *fetch.HostRuleError
		if err != nil && errors.As(each, &mistake) {
			lines := p.lines[mistake.Rule]
			p.wrong(cmp.Or(lines[mistake.Key], lines[""]), p.place(mistake.Rule, mistake.Key), mistake.Err)
		}
	}
	if len(p.mistakes) > 0 {
		slices.SortStableFunc(p.mistakes, func(a, b hostsMistake) int { return cmp.Compare(a.line, b.line) })
		return nil, p.mistakes
	}
	return rules, nil
}

func (p *hostsParser) wrong(line int, where string, err error) {
	m := hostsMistake{line: line, problem: err.Error()}
	if where != "" {
		m.problem = where + ": " + m.problem
	}
	var hinted *hintedError
	if errors.As(err, &hinted) {
		m.hint = hinted.hint
	}
	p.mistakes = append(p.mistakes, m)
}

// place names a key of a rule; a host that is none may be anything, so it is not repeated.
func (p *hostsParser) place(rule int, key string) string {
	if key == "" {
		return ""
	}
	if _, err := fetch.NewHostRules([]fetch.HostRule{{Pattern: p.rules[rule].Pattern}}); err != nil {
		return key
	}
	return p.rules[rule].Pattern + ": " + key
}

// load returns the one document of the file; nil where there is none.
func (p *hostsParser) load(content []byte) *yaml.Node {
	loader, err := yaml.NewLoader(bytes.NewReader(content))
	var document, more yaml.Node
	if err == nil {
		err = loader.Load(&document)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		if err = loader.Load(&more); err == nil {
			p.wrong(more.Line, "", errors.New("a second document, where one is enough"))
			return nil
		}
	}
	if !errors.Is(err, io.EOF) {
		p.unreadable(content, err)
		return nil
	}
	if p.refuse(&document); len(p.mistakes) > 0 || len(document.Content) == 0 {
		return nil
	}
	return document.Content[0]
}

// refuse finds what nobody means who writes a password without quotes.
func (p *hostsParser) refuse(node *yaml.Node) {
	switch {
	case node.Kind == yaml.AliasNode:
		p.wrong(node.Line, "", &hintedError{"an alias, which is not understood here", "put quotes around a value that starts with *"})
	case node.Style&yaml.TaggedStyle != 0:
		p.wrong(node.Line, "", &hintedError{"a tag, which is not understood here", "put quotes around a value that starts with !"})
	case node.Anchor != "":
		p.wrong(node.Line, "", &hintedError{"an anchor, which is not understood here", "put quotes around a value that starts with &"})
	}
	for _, each := range node.Content {
		p.refuse(each)
	}
}

// unreadable says what is wrong with a text that is no YAML. The parser's words are repeated only where they quote nothing.
func (p *hostsParser) unreadable(content []byte, err error) {
	hinted := &hintedError{problem: "not valid YAML"}
	lines := bytes.Split(bytes.TrimSuffix(content, []byte("\n")), []byte("\n"))
	line := 0
	var failure *yaml.LoadError
	if errors.As(err, &failure) {
		line = min(failure.Mark.Line, len(lines))
		if failure.Stage == yaml.ScannerStage || failure.Stage == yaml.ParserStage {
			hinted.problem += ": " + failure.Message
		}
		if began := failure.ContextMark.Line; began > 0 && began < line {
			hinted.problem += fmt.Sprintf(", in what begins at line %d", began)
		}
	}
	if line >= 1 && line <= len(lines) && bytes.HasPrefix(bytes.TrimSpace(lines[line-1]), []byte("*")) {
		hinted.hint = `put quotes around a host that starts with a *: "*.example.com":`
	}
	p.wrong(line, "", hinted)
}

// each gives the pairs of a mapping to take, in their order, and says which names come twice.
func (p *hostsParser) each(node *yaml.Node, where string, take func(key, value *yaml.Node)) {
	if node.Kind != yaml.MappingNode {
		p.wrong(node.Line, "", fmt.Errorf("%s is no mapping of names to values", where))
		return
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode:
			p.wrong(key.Line, "", errors.New("a name that is no text"))
		case seen[key.Value]:
			p.wrong(key.Line, "", errors.New("the same name for a second time"))
		default:
			seen[key.Value] = true
			take(key, node.Content[i+1])
		}
	}
}

func (p *hostsParser) takeHost(host, settings *yaml.Node) {
	rule := fetch.HostRule{Pattern: host.Value}
	lines := map[string]int{"": host.Line}
	p.at = len(p.rules)
	p.rules, p.lines = append(p.rules, rule), append(p.lines, lines)
	if isNull(settings) { // nothing of its own
		return
	}
	p.each(settings, "what a host has", func(key, value *yaml.Node) {
		take, known := hostKeys[key.Value]
		if !known {
			p.wrong(key.Line, "", &hintedError{"no setting of a host" + quoteWord(key.Value), "there are " + strings.Join(hostKeyNames(), ", ")})
			return
		}
		lines[key.Value] = key.Line
		if err := take(p, &p.rules[p.at].HostSettings, value); err != nil {
			p.wrong(key.Line, p.place(p.at, key.Value), err)
		}
	})
}

// quoteWord repeats what may be a misspelt key, and nothing else.
func quoteWord(text string) string {
	if len(text) > 20 || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_-") != "" {
		return ""
	}
	return ": " + text
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" }

// readHosts reads --hosts.
func (s *settings) readHosts() {
	if s.hosts == "" {
		return
	}
	content, err := s.readNamed("hosts", s.hosts)
	if err != nil {
		s.note("hosts", err)
		return
	}
	rules, mistakes := parseHosts(content, os.Getenv)
	for _, m := range mistakes {
		where := s.hosts
		if m.line > 0 {
			where = fmt.Sprintf("%s:%d", s.hosts, m.line)
		}
		s.notes.add("hosts", where+": "+m.problem, m.hint)
	}
	s.fetch.Hosts = rules
}
