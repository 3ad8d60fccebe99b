package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"batchfetch/output/file"
	"batchfetch/output/report"
	"batchfetch/output/warc"
)

const reportHelp = `Make a page of HTML that shows what earlier runs did.

The files are outputs and failures of runs, also as .gz or .zst, or web archives (.warc.gz, which have the failures,
too), in any order; - is standard input. Lines that are no Records are counted and passed over, so that standard error
of a run, with its summary, can be given as it is. The page is one file that loads nothing and works from a disk. What
Records do not hold is not in it: pauses of hosts, and what held the run back over time. --report of a run makes a page
with those.

Memory is bounded: hosts past the 1000 with the most requests are summed, times are put into at most 240 steps.

Exit codes: 0 the page is written, 1 a file is damaged (the page has what could be read), 2 usage.

Examples:
  batchfetch report -o report.html pages.jsonl failures.jsonl
  batchfetch report part-*.jsonl.zst failed-*.jsonl > report.html
`

// newReportCommand returns batchfetch report.
func newReportCommand(code *int) *cobra.Command {
	var to string
	command := &cobra.Command{
		Use:   "report [flags] FILE...",
		Short: "Make a page of HTML that shows what earlier runs did",
		Long:  reportHelp,
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, files []string) error {
			inputs, err := checkReported(files, to)
			if err = errors.Join(emptyValues(c), err); err != nil {
				*code = printProblems(os.Stderr, flatten(err))
				return nil
			}
			*code = reportFiles(inputs, to)
			return nil
		},
	}
	command.Flags().StringVarP(&to, "output", "o", "", "`file` of the page (default standard output)")
	return command
}

// checkReported returns the inputs of a report, or what is wrong with their names and that of the page.
func checkReported(files []string, to string) ([]inputArg, error) {
	if len(files) == 0 {
		return nil, &usageError{"report: no file is named", "batchfetch report -o report.html pages.jsonl failures.jsonl"}
	}
	if !isFile(to) && term.IsTerminal(int(os.Stdout.Fd())) {
		return nil, &usageError{"report: a page of HTML is not for a terminal", "name a file: -o report.html"}
	}
	var inputs []inputArg
	var named []string
	var wrong []error
	for _, name := range files {
		in := inputArg{name: name}
		switch {
		case name != "-":
			named = append(named, name)
		case slices.ContainsFunc(inputs, func(in inputArg) bool { return in.file != nil }):
			wrong = append(wrong, &usageError{"standard input is named twice", "name it once"})
		default:
			in.file = os.Stdin
		}
		inputs = append(inputs, in)
	}
	return inputs, errors.Join(append(wrong, checkRead("report", "file", named, to))...)
}

// reportFiles makes a page of files and returns the exit code.
func reportFiles(inputs []inputArg, to string) int {
	data := report.NewData()
	var damage []error
	for _, in := range inputs {
		if err := readReported(data, in); err != nil {
			damage = append(damage, err)
		}
	}
	hint := ""
	if len(damage) == 0 || !data.IsEmpty() {
		if err := writePage(to, data); err != nil {
			return outputExit(err)
		}
		hint = "the page has what could be read"
	}
	for _, err := range damage {
		printError(os.Stderr, err.Error(), hint)
	}
	if len(damage) > 0 {
		return exitBroken
	}
	return exitOK
}

// readReported adds what is in a file to data.
func readReported(data *report.Data, in inputArg) error {
	content, err := in.open()
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // only read
	lines := io.Reader(content)
	if warc.IsName(strings.TrimSuffix(in.name, partSuffix)) {
		lines = warc.Records(content)
	}
	if err := data.Read(in.name, lines); err != nil {
		return fmt.Errorf("%s: %w", in.name, err)
	}
	return nil
}

// writePage writes the page of data to a file, whose name it takes once it is whole, or to standard output.
func writePage(name string, data *report.Data) error {
	if !isFile(name) {
		return data.WritePage(stream{os.Stdout})
	}
	out, err := file.Create(name, nil)
	if err != nil {
		return describeOutput("output", err)
	}
	if err := data.WritePage(out); err != nil {
		out.Discard()
		return err
	}
	return out.Commit()
}
