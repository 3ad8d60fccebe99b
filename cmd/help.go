package cmd

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// shortHelp is what batchfetch prints on a terminal without arguments.
const shortHelp = `batchfetch: give it URLs, get JSON lines.

  batchfetch urls.txt > pages.jsonl 2> failures.jsonl    # URLs, or JSON lines
  seq 9 | sed 's#^#https://example.com/#' | batchfetch   # from other commands
  batchfetch https://example.com/a | jq -r .body         # one URL
  batchfetch failures.jsonl >> pages.jsonl               # retry what failed

-j N               requests at once (50); --host-concurrency N on one host (10)
--host-rate 5/s    most requests to one host
-o FILE --resume   continue where a run was interrupted
-P DIR             save bodies as files
-H 'Name: value'   a header, as with curl; so are -X, -d, -u, -n, -b, -k, -x

batchfetch demo shows a run that needs no network, --help lists every flag, and
help the topics.
`

const (
	helpUsage = `batchfetch: give it URLs, get JSON lines.

Usage:
  batchfetch [flags] [FILE | URL | -]...

`
	helpHead = `An argument that contains :// is a URL, - is standard input, anything else is a file of URLs or of
JSON lines, also as .gz or .zst; redis:// is a queue (help queue). Without arguments standard input
is read. Successes go to standard output, failures and a summary to standard error.

`
	commandList = `Commands:
  demo         run a batch against a server inside the process
  doctor URL   show each step of a first request to a URL, for a bug report
  help TOPIC   print a topic of the manual, or a flag such as host-rate
  merge PART.. join the outputs of several runs in the order of their input
  push URL ..  add the requests of lists to a queue in Redis, which other runs take
  report FILE.. make a page of HTML that shows what earlier runs did
  schema       print the JSON Schema of the output, or with --for the statement that loads it
  completion   print a completion script for a shell
  man          print the man page, or write it and one for each topic into a directory
  version      print the version
`
)

// helpTail is the help after the flags.
const helpTail = `
Every flag can be set in the environment, --host-rate as BATCHFETCH_HOST_RATE; the command line
wins. A flag that may be given more than once takes one value from each line of its variable. An
empty variable counts as not set, except for --user-agent and --data. One whose name is that of no
flag is warned of.

Units: sizes take k, M, G (1000) and Ki, Mi, Gi (1024), rates are 10/s, 60/m, 1000/h or 1/15s,
durations 500ms, 30s, 5m.

Exit codes:
  0    every request succeeded
  1    the run itself failed: an output can't be written, an input ended early
  2    usage: a bad flag, an unreadable input; nothing was fetched
  3    the run is complete, some requests failed (0 with --exit-zero)
  4    stopped early by --fail-fast, --max-failures or --deadline
  130  interrupted (SIGINT); 143: terminated (SIGTERM); 129: hung up (SIGHUP); 138, 140, 152: warned
       by a job engine or limit (SIGUSR1, SIGUSR2, SIGXCPU): the first lets requests in progress
       finish, for 10 s at most; one more than a second later cancels them
  134  batchfetch itself crashed (SIGABRT); standard error says where
  141  the reader of the output closed it

Examples:
  batchfetch urls.txt > pages.jsonl 2> failures.jsonl
  batchfetch failures.jsonl >> pages.jsonl                           # retry what failed
  seq 9 | sed 's#^#https://api.example.com/item/#' | batchfetch --host-rate 5/s | jq -r .body
  batchfetch -q -o pages.jsonl --failures failed.jsonl urls.txt.gz   # for cron
  batchfetch -H @token.txt --retry-unsafe jobs.jsonl                 # one request a line, also POST
`

// help prints the page of a command: for the root one every flag, by group, between the topics and helpTail.
func help(c *cobra.Command, _ []string) {
	if c.HasParent() {
		_, _ = fmt.Fprintf(c.OutOrStdout(), "%s\n\nUsage:\n  %s\n\n%s", // as below
			strings.TrimSpace(cmp.Or(c.Long, c.Short)), c.UseLine(), c.LocalFlags().FlagUsages())
		for _, sub := range c.Commands() {
			_, _ = fmt.Fprintf(c.OutOrStdout(), "  %-12s %s\n", sub.Name(), sub.Short) // as below
		}
		return
	}
	text := new(strings.Builder)
	text.WriteString(helpUsage + helpHead + commandList + "\nTopics, for batchfetch help TOPIC:\n" + topicList())
	for _, group := range groups {
		writeGroup(text, group, c.Flags())
	}
	text.WriteString("\nhelp:\n")
	writeColumns(text, "  -h, --help", "print this help")
	writeColumns(text, "      --version", "print the version")
	text.WriteString(helpTail)
	_, _ = io.WriteString(c.OutOrStdout(), text.String()) // standard output is where an error would go, too
}

// writeGroup writes the heading of a group and its flags.
func writeGroup(text *strings.Builder, group string, flags *pflag.FlagSet) {
	fmt.Fprintf(text, "\n%s:\n", group)
	flags.VisitAll(func(f *pflag.Flag) {
		if in := f.Annotations[groupKey]; len(in) == 0 || in[0] != group {
			return
		}
		writeFlag(text, f)
	})
}

// writeFlag writes a flag and its usage.
func writeFlag(text *strings.Builder, f *pflag.Flag) {
	head := "  " + flagHead(f)
	if f.Shorthand == "" {
		head = "      " + flagHead(f)
	}
	writeColumns(text, head, flagUsage(f))
}

// flagNames returns the names of the flags of a command.
func flagNames(c *cobra.Command) []string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// flagHead returns the names of a flag and the word for its value: -o, --output file.
func flagHead(f *pflag.Flag) string {
	head := "--" + f.Name
	if f.Shorthand != "" {
		head = "-" + f.Shorthand + ", " + head
	}
	if kind := flagKind(f); kind != "bool" {
		head += " " + kind
	}
	return head
}

// flagUsage returns the usage of a flag and its default, unless that is nothing.
func flagUsage(f *pflag.Flag) string {
	if f.DefValue == "" || f.DefValue == "false" || f.DefValue == "none" {
		return f.Usage
	}
	return f.Usage + " (default " + f.DefValue + ")"
}

// flagKind returns the word for the value of a flag.
func flagKind(f *pflag.Flag) string {
	if kind := f.Annotations[kindKey]; len(kind) > 0 {
		return kind[0]
	}
	return f.Value.Type()
}

const (
	helpColumn = 34  // at which the usage of a flag starts
	helpWidth  = 100 // of a line
)

// writeColumns writes head and, wrapped beside it, usage.
func writeColumns(text *strings.Builder, head, usage string) {
	line := fmt.Sprintf("%-*s", helpColumn-1, head)
	for word := range strings.FieldsSeq(usage) {
		if len(line)+1+len(word) > helpWidth {
			text.WriteString(line + "\n")
			line = strings.Repeat(" ", helpColumn-1)
		}
		line += " " + word
	}
	text.WriteString(line + "\n")
}
