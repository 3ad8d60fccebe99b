package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"batchfetch/output"
	"batchfetch/output/file"
	"batchfetch/output/journal"
	"batchfetch/output/merge"
	"batchfetch/output/warc"
)

// mergeFlags are the flags of batchfetch merge.
type mergeFlags struct {
	output string // "" is standard output
	expect int64  // negative is not known
}

const mergeHelp = `Join the outputs of several runs in the order of their input.

The parts are files of Records, also as .gz or .zst, whose index is the position in one input: those of --shard, or of
runs that were started again. Each line is copied byte for byte. Of Records with the same index (and page) the first
success is written, and a failure only where there is no success; failures of the runs may be given, too. Summaries and
messages are left out. What is missing or there twice is named in a last line on standard error. Records of a queue are
sorted and told apart by entry in place of index, behind the others.

Memory is bounded; large parts are sorted in temporary files (TMPDIR). An output that ends in .gz or .zst is compressed
as one member of gzip or one frame of zstd, which every reader reads to its end; that of a --resume run which is not
done has many.

Exit codes: 0 nothing is missing or there twice, 3 something is, 1 a part is damaged, 2 usage.

Examples:
  batchfetch merge part-*.jsonl > all.jsonl
  batchfetch merge --expect 100000 -o all.jsonl.zst part-*.jsonl.zst failed-*.jsonl
  batchfetch merge -o once.jsonl.gz resumed.jsonl.gz
`

// newMergeCommand returns batchfetch merge.
func newMergeCommand(code *int) *cobra.Command {
	f := mergeFlags{}
	command := &cobra.Command{
		Use:   "merge [flags] PART...",
		Short: "Join the outputs of several runs in the order of their input",
		Long:  mergeHelp,
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, parts []string) error {
			if err := errors.Join(emptyValues(c), checkParts(parts, f.output)); err != nil {
				*code = printProblems(os.Stderr, flatten(err))
				return nil
			}
			*code = mergeParts(parts, f)
			return nil
		},
	}
	command.Flags().StringVarP(&f.output, "output", "o", "", "`file` of the Records (default standard output)")
	command.Flags().Int64Var(&f.expect, "expect", -1,
		"how many requests the whole input has: `n` finds what is missing at its end, too")
	command.Flags().Lookup("expect").DefValue = "" // not known
	return command
}

// checkParts returns what is wrong with the names of parts and the output.
func checkParts(parts []string, to string) error {
	if len(parts) == 0 {
		return &usageError{"merge: no part is named", "batchfetch merge part-*.jsonl > all.jsonl"}
	}
	wrong := []error{checkRead("merge", "part", parts, to)}
	for _, name := range parts {
		if warc.IsName(name) {
			wrong = append(wrong, &usageError{name + " is an archive in WARC, which has no lines to merge",
				"cat joins archives as they are"})
		}
	}
	return errors.Join(wrong...)
}

// checkRead returns what is wrong with the names of the files that a command reads, each of which is called kind, and
// that of its output.
func checkRead(command, kind string, names []string, to string) error {
	var wrong []error
	for i, name := range names {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			wrong = append(wrong, openError(name, err))
		case info.IsDir():
			wrong = append(wrong, &usageError{name + " is a directory", "name the files in it"})
		case isFile(to) && file.SameFile(name, to) || info.Mode().IsRegular() && isRedirectedTo(os.Stdout, name):
			wrong = append(wrong, &usageError{command + " would write over its " + kind + " " + name, outputIsInputHint})
		}
		for _, before := range names[:i] {
			if err == nil && info.Mode().IsRegular() && file.SameFile(before, name) {
				wrong = append(wrong, &usageError{name + " is named twice", "name each " + kind + " once"})
			}
		}
	}
	return errors.Join(wrong...)
}

// mergeParts merges the parts, reports what it has found, and returns the exit code.
func mergeParts(names []string, f mergeFlags) int {
	var parts []merge.Part
	for _, name := range names {
		parts = append(parts, merge.Part{Name: name, Open: inputArg{name: name}.open})
	}
	space, noTemp := chooseTemp(-1, 0, f.output, "")
	if noTemp != nil {
		writeMessage(os.Stderr, isForPerson(), slog.LevelWarn, noTemp.Error(), "name another directory by TMPDIR")
	}
	var report merge.Report
	err := writeMerged(f.output, func(out io.Writer) (err error) {
		report, err = merge.Merge(parts, out, merge.Settings{Expected: f.expect, Space: space})
		return err
	})
	if err != nil {
		return outputExit(describeMergeError(err))
	}
	code := exitOK
	if report.Missing > 0 || report.Twice > 0 {
		code = exitFailed
	}
	printMergeReport(&report, code)
	return code
}

// describeMergeError returns an error of a part as one of the command line, or err as it is.
func describeMergeError(err error) error {
	var part *merge.PartError
	if errors.As(err, &part) {
		return fmt.Errorf("the part %w", part)
	}
	return err
}

// writeMerged opens the output, lets write fill it, and gives it its name where that has no error.
func writeMerged(name string, write func(io.Writer) error) error {
	if !isFile(name) {
		return write(stream{os.Stdout})
	}
	out, err := file.Create(name, journal.LockExisting)
	if err != nil {
		return describeOutput("output", err)
	}
	to := io.Writer(out)
	packed, err := output.Pack(name, out)
	if packed != nil {
		to = packed
	}
	if err == nil {
		err = write(to)
	}
	if packed != nil {
		err = errors.Join(err, packed.Close())
	}
	if err != nil {
		out.Discard()
		return err
	}
	return out.Commit()
}

// isForPerson reports whether standard error is a terminal.
func isForPerson() bool { return term.IsTerminal(int(os.Stderr.Fd())) }

// printMergeReport writes the last line on standard error: in words on a terminal, else as JSON.
func printMergeReport(r *merge.Report, code int) {
	if !isForPerson() {
		line, _ := json.Marshal(mergeSummary{"merge", r.Records, r.Successes, r.Missing, r.MissingAt, r.Twice, r.TwiceAt,
			r.Superseded, code})
		_, _ = stream{os.Stderr}.Write(append(line, '\n')) // the exit code has it, too
		return
	}
	text := fmt.Sprintf("%d Records merged", r.Records)
	if failures := r.Records - r.Successes; failures > 0 {
		text += fmt.Sprintf(", %d of them failures", failures)
	}
	for _, found := range []struct {
		count int64
		is    string
		at    []string
	}{{r.Missing, "missing", r.MissingAt}, {r.Twice, "there twice", r.TwiceAt}} {
		if found.count > 0 {
			text += fmt.Sprintf("; %d %s", found.count, found.is)
		}
		if len(found.at) > 0 {
			text += ": " + strings.Join(found.at, ", ")
		}
	}
	printNotice(os.Stderr, text, "")
}

// A mergeSummary is the last line of batchfetch merge as JSON.
type mergeSummary struct {
	Type       string   `json:"type"` // merge
	Records    int64    `json:"records"`
	Succeeded  int64    `json:"succeeded"`
	Missing    int64    `json:"missing"`
	MissingAt  []string `json:"missing_at,omitempty"` // indexes, ranges of them, and pages: the first twenty
	Twice      int64    `json:"twice"`
	TwiceAt    []string `json:"twice_at,omitempty"`
	Superseded int64    `json:"superseded"` // failures for which there is a success
	ExitCode   int      `json:"exit_code"`
}
