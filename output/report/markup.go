package report

import (
	"bytes"
	"html"
	"strings"
)

// A markup is the HTML of a page. Package html/template, which does as much, calls methods by name: for that the linker
// keeps the methods of all types, 3 MB of the binary.
type markup struct{ bytes.Buffer }

// put adds HTML in which each %s stands for one of texts. A text is escaped, so that it stays one, or the value of an
// attribute in double quotes, whatever it is.
func (m *markup) put(form string, texts ...string) {
	for _, text := range texts {
		before, after, _ := strings.Cut(form, "%s")
		m.WriteString(before)
		m.WriteString(html.EscapeString(strings.ReplaceAll(text, "\x00", "\ufffd")))
		form = after
	}
	m.WriteString(form)
}

// putEach adds HTML with a single %s for each of texts.
func (m *markup) putEach(form string, texts []string) {
	for _, text := range texts {
		m.put(form, text)
	}
}

// putSome adds HTML with a single %s, unless the text is empty.
func (m *markup) putSome(form, text string) {
	if text != "" {
		m.put(form, text)
	}
}
