package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
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
	page.WriteString(manHead("BATCHFETCH", 1) + "# NAME\n\nbatchfetch - give it URLs, get JSON lines\n\n" +
		"# SYNOPSIS\n\n**batchfetch** [*flags*] [*FILE* | *URL* | *-*]...\n\n# DESCRIPTION\n\n")
	page.WriteString(toMarkdown(helpHead + commandList))
	page.WriteString("\n# OPTIONS\n")
	for _, group := range groups {
		fmt.Fprintf(&page, "\n## %s\n\n", group)
		root.Flags().VisitAll(func(f *pflag.Flag) {
			if in := f.Annotations[groupKey]; len(in) > 0 && in[0] == group {
				fmt.Fprintf(&page, "**%s**\n: %s\n\n", escapeMarkdown(flagHead(f)), escapeMarkdown(flagUsage(f)))
			}
		})
	}
	page.WriteString("\n# NOTES\n\n" + toMarkdown(helpTail))
	page.WriteString("\n# SEE ALSO\n\n")
	for _, t := range topics() {
		page.WriteString("**batchfetch-" + t.name + "**(7)\n: " + escapeMarkdown(t.title) + "\n\n")
	}
	return md2man.Render([]byte(page.String() + "\n"))
}

// manHead returns the title line of a man page as md2man reads it.
func manHead(title string, section int) string {
	return fmt.Sprintf("%% %q %q %q %q %q\n\n", title, strconv.Itoa(section), "", "batchfetch "+version(), "")
}

// manPage returns the page of a topic in roff.
func (t topic) manPage() []byte {
	head := manHead("BATCHFETCH-"+strings.ToUpper(t.name), 7) +
		fmt.Sprintf("# NAME\n\nbatchfetch-%s - %s\n\n# DESCRIPTION\n\n", t.name, escapeMarkdown(t.title))
	return md2man.Render([]byte(head + toMarkdown(t.text) + "\n# SEE ALSO\n\n**batchfetch**(1)\n"))
}

// toMarkdown makes Markdown of a page of the help: headings, verbatim lines, lists and paragraphs; see topic.
func toMarkdown(text string) string {
	var page strings.Builder
	lines := strings.Split(text, "\n")
	previous, inItem := "", false
	for i, line := range lines {
		next := ""
		if i+1 < len(lines) {
			next = lines[i+1]
		}
		isItem := strings.HasPrefix(line, "- ")
		inItem = isItem || inItem && strings.HasPrefix(line, "  ")
		switch {
		case isItem:
			page.WriteString("* " + escapeMarkdown(line[2:]) + "\n")
		case inItem:
			page.WriteString(escapeMarkdown(strings.TrimSpace(line)) + "\n")
		case isVerbatim(line):
			page.WriteString("    " + strings.TrimPrefix(line, "  ") + "\n")
		case previous == "" && isHeading(line, next):
			page.WriteString("## " + escapeMarkdown(line) + "\n")
		default:
			page.WriteString(escapeMarkdown(line) + "\n")
		}
		if !isVerbatim(line) && !inItem && isVerbatim(next) {
			page.WriteString("\n") // a paragraph ends before a block
		}
		previous = line
	}
	return page.String()
}

func isVerbatim(line string) bool { return strings.HasPrefix(line, "  ") }

// isHeading reports whether a line after a blank one is a heading: short, without a full stop, and alone.
func isHeading(line, next string) bool {
	return line != "" && len(line) < 40 && next == "" && !strings.ContainsAny(line[len(line)-1:], ".:,;)")
}

// markdownEscaper escapes what has a meaning in Markdown.
var markdownEscaper = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "<", `\<`, "[", `\[`, "#", `\#`)

func escapeMarkdown(text string) string { return markdownEscaper.Replace(text) }
