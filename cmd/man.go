package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const manText = `Print the man page of batchfetch, or write it into a directory together with a page for each topic
of the help:

  batchfetch man | man -l -
  batchfetch man /usr/local/share/man
`

// newManCommand returns batchfetch man.
func newManCommand(code *int) *cobra.Command {
	return &cobra.Command{
		Use:   "man [DIR]",
		Short: "Print the man page, or write all into a directory",
		Long:  manText,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := os.Stdout.Write(manPage(c.Root()))
				*code = outputExit(err)
				return nil
			}
			*code = exitOK
			if err := writeManPages(c.Root(), args[0]); err != nil {
				*code = printOutputError(os.Stderr, err)
			}
			return nil
		},
	}
}

// writeManPages writes batchfetch(1), and a page in section 7 for each topic, below dir, as man looks for them.
func writeManPages(root *cobra.Command, dir string) error {
	for _, section := range []string{"man1", "man7"} {
		if err := os.MkdirAll(filepath.Join(dir, section), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "man1", "batchfetch.1"), manPage(root), 0o644); err != nil {
		return err
	}
	for _, t := range topics() {
		name := filepath.Join(dir, "man7", "batchfetch-"+t.name+".7")
		if err := os.WriteFile(name, t.manPage(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// manPage returns batchfetch(1) in roff: the help, its flags as a list.
func manPage(root *cobra.Command) []byte {
	var page strings.Builder
	page.WriteString(manHead("BATCHFETCH", 1) + ".SH NAME\nbatchfetch \\- give it URLs, get JSON lines\n" +
		".SH SYNOPSIS\n\\fBbatchfetch\\fP [\\fIflags\\fP] [\\fIFILE\\fP | \\fIURL\\fP | \\fI\\-\\fP]...\n.SH DESCRIPTION\n")
	page.WriteString(toRoff(helpHead + commandList))
	page.WriteString(".SH OPTIONS\n")
	for _, group := range groups {
		page.WriteString(".SS " + escapeRoff(group) + "\n")
		root.Flags().VisitAll(func(f *pflag.Flag) {
			if in := f.Annotations[groupKey]; len(in) > 0 && in[0] == group {
				page.WriteString(definition(flagHead(f), flagUsage(f)))
			}
		})
	}
	page.WriteString(".SH NOTES\n" + toRoff(helpTail))
	page.WriteString(".SH SEE ALSO\n")
	for _, t := range topics() {
		page.WriteString(definition("batchfetch-"+t.name+"(7)", t.title))
	}
	return []byte(page.String())
}

// manHead returns the title line of a man page. No word is hyphenated below it.
func manHead(title string, section int) string {
	return fmt.Sprintf(".nh\n.TH %q %q %q %q %q\n", title, strconv.Itoa(section), "", "batchfetch "+version(), "")
}

// definition returns a term in bold and what it means, indented below it.
func definition(term, meaning string) string {
	return ".TP\n\\fB" + escapeRoff(term) + "\\fP\n" + escapeRoff(meaning) + "\n"
}

// manPage returns the page of a topic in roff.
func (t topic) manPage() []byte {
	head := manHead("BATCHFETCH-"+strings.ToUpper(t.name), 7) + ".SH NAME\n" +
		escapeRoff("batchfetch-"+t.name) + ` \- ` + escapeRoff(t.title) + "\n.SH DESCRIPTION\n"
	return []byte(head + toRoff(t.text) + ".SH SEE ALSO\n\\fBbatchfetch\\fP(1)\n")
}

// toRoff makes roff of a page of the help: headings, verbatim lines, lists and paragraphs; see topic.
func toRoff(text string) string {
	var page strings.Builder
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	previous, inItem, inBlock := "", false, false
	for i, line := range lines {
		next := ""
		if i+1 < len(lines) {
			next = lines[i+1]
		}
		isItem := strings.HasPrefix(line, "- ")
		inItem = isItem || inItem && strings.HasPrefix(line, "  ")
		wasBlock := inBlock
		inBlock = !inItem && (isVerbatim(line) || inBlock && line == "" && isVerbatim(next))
		switch {
		case inBlock && !wasBlock:
			page.WriteString(".PP\n.EX\n")
		case wasBlock && !inBlock:
			page.WriteString(".EE\n")
		}
		switch {
		case isItem:
			page.WriteString(".IP \\(bu 2\n" + escapeRoff(line[2:]) + "\n")
		case inItem:
			page.WriteString(escapeRoff(strings.TrimSpace(line)) + "\n")
		case inBlock:
			page.WriteString(escapeRoff(strings.TrimPrefix(line, "  ")) + "\n")
		case line == "":
		case previous == "" && isHeading(line, next):
			page.WriteString(".SS " + escapeRoff(line) + "\n")
		case previous == "" || isVerbatim(previous):
			page.WriteString(".PP\n" + escapeRoff(line) + "\n")
		default:
			page.WriteString(escapeRoff(line) + "\n")
		}
		previous = line
	}
	if inBlock {
		page.WriteString(".EE\n")
	}
	return page.String()
}

func isVerbatim(line string) bool { return strings.HasPrefix(line, "  ") }

// isHeading reports whether a line after a blank one is a heading: short, without a full stop, and alone.
func isHeading(line, next string) bool {
	return line != "" && len(line) < 40 && next == "" && !strings.ContainsAny(line[len(line)-1:], ".:,;)")
}

// roffEscaper escapes what has a meaning anywhere in a line of roff: a hyphen stays one that can be copied.
var roffEscaper = strings.NewReplacer(`\`, `\e`, "-", `\-`)

// escapeRoff returns a line of text that roff prints as it is: one that begins with . or ' is no request.
func escapeRoff(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + roffEscaper.Replace(line)
	}
	return roffEscaper.Replace(line)
}
