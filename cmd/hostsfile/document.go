package hostsfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v4"

	"batchfetch/fetch/parse"
)

// load returns the root node of the file's only document; nil for an empty file, or after adding a mistake.
func (p *parser) load(content []byte) *yaml.Node {
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
			p.addMistake(more.Line, "", errors.New("a second document, where one is enough"))
			return nil
		}
	}
	if !errors.Is(err, io.EOF) {
		p.addSyntaxError(content, err)
		return nil
	}
	if p.refuseReferences(&document); len(p.mistakes) > 0 || len(document.Content) == 0 {
		return nil
	}
	return document.Content[0]
}

// refuseReferences adds a mistake for each alias, tag and anchor below node: in this file they are an unquoted value,
// say a password, that starts with *, ! or &.
func (p *parser) refuseReferences(node *yaml.Node) {
	refuse := func(problem, first string) {
		hint := "put quotes around a value that starts with " + first
		p.addMistake(node.Line, "", &parse.Error{Problem: problem, Hint: hint})
	}
	switch {
	case node.Kind == yaml.AliasNode:
		refuse("an alias, which is not understood here", "*")
	case node.Style&yaml.TaggedStyle != 0:
		refuse("a tag, which is not understood here", "!")
	case node.Anchor != "":
		refuse("an anchor, which is not understood here", "&")
	}
	for _, each := range node.Content {
		p.refuseReferences(each)
	}
}

// addSyntaxError adds a YAML error. The library's message is used only for stages whose messages quote no text.
func (p *parser) addSyntaxError(content []byte, err error) {
	invalid := &parse.Error{Problem: "not valid YAML"}
	lines := bytes.Split(bytes.TrimSuffix(content, []byte("\n")), []byte("\n"))
	line := 0
	var failure *yaml.LoadError
	if errors.As(err, &failure) {
		line = min(failure.Mark.Line, len(lines))
		if failure.Stage == yaml.ScannerStage || failure.Stage == yaml.ParserStage {
			invalid.Problem += ": " + failure.Message
		}
		if began := failure.ContextMark.Line; began > 0 && began < line {
			invalid.Problem += fmt.Sprintf(", in what begins at line %d", began)
		}
	}
	if line >= 1 && line <= len(lines) && bytes.HasPrefix(bytes.TrimSpace(lines[line-1]), []byte("*")) {
		invalid.Hint = `put quotes around a host that starts with a *: "*.example.com":`
	}
	p.addMistake(line, "", invalid)
}
