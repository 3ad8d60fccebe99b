package cmd

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/file"
	"batchfetch/output/journal"
	"batchfetch/output/warc"
)

// isFile reports whether a flag names a file, and not the default or standard output.
func isFile(name string) bool { return name != "" && name != "-" }

// Ends of names that say something else than what the file has: JSON lines.
var (
	packedEnds = []string{".gz", ".zst", ".bz2", ".xz", ".lz4", ".br", ".zip", ".7z", ".lzma"}
	otherEnds  = []string{".csv", ".tsv", ".parquet", ".xlsx", ".xml", ".yaml", ".yml", ".db", ".sqlite"}
)

// warnForms warns of output files whose names say that they are compressed, or of another form, where they are not. A
// quiet run says nothing of that: the files are whole.
func warnForms(f *outputFlags, isQuiet bool, to *console) {
	if isQuiet {
		return
	}
	for _, out := range []struct{ flag, name string }{
		{"output", f.output}, {"failures", f.failures}, {"summary", f.summary},
	} {
		flag, name := out.flag, out.name
		switch end := filepath.Ext(name); {
		case flag == "output" && (output.IsPacked(name) || warc.IsName(name)):
		case slices.Contains(packedEnds, end):
			to.report(slog.LevelWarn, "--"+flag+" "+name+" is not compressed, whatever its name says",
				"-o FILE.gz and FILE.zst are compressed, and no other file")
		case slices.Contains(otherEnds, end):
			to.report(slog.LevelWarn, "--"+flag+" "+name+" has JSON lines, whatever its name says",
				"jq makes other forms of them; batchfetch help readers has databases and data frames")
		}
	}
}

// checkOutputs finds flags of the output that exclude or need each other.
func checkOutputs(s *settings, found *problems) {
	if s.output.saveDir == "" && s.output.name.IsGiven() {
		found.add("name", "is given without --save-dir", "")
	}
	if s.output.skipExisting {
		checkSkipExisting(s, found)
	}
	if s.output.resume {
		checkResume(s.output, found)
	}
	checkEndFiles(s.output, found)
	if warc.IsName(s.output.output) {
		checkArchive(s, found)
	}
	if s.quiet && s.verbose {
		found.add("quiet", "and --verbose exclude each other", "")
	}
}

// checkArchive finds flags that an output in WARC can't keep.
func checkArchive(s *settings, found *problems) {
	const responses = "and an output in WARC exclude each other: bodies are in its response records"
	f := s.output
	if f.body != encode.BodyAuto {
		found.add("body", responses, "leave --body out")
	}
	if f.saveDir != "" {
		found.add("save-dir", responses, "name another output, or leave --save-dir out")
	}
	if f.ordered {
		found.add("ordered", "and an output in WARC exclude each other: each exchange is written as it ends",
			"leave --ordered out; the metadata records have the index")
	}
	if s.cache.changed {
		found.add("changed", "and an output in WARC exclude each other: it has every exchange",
			"leave --changed out; what the file has already is a revisit record")
	}
	for _, to := range [...]struct{ flag, name string }{{"failures", f.failures}, {"summary", f.summary}} {
		if to.name == "-" {
			found.add(to.flag, "- and an output in WARC exclude each other: lines of JSON are no records of it",
				"name a file")
		}
	}
}

// checkSkipExisting finds flags with which it is not known what is there.
func checkSkipExisting(s *settings, found *problems) {
	switch {
	case s.output.saveDir == "":
		found.add("skip-existing", "needs --save-dir DIR, where bodies are", "")
	case s.output.name.IsLate():
		found.add("skip-existing", "and a --name with {filename} or {sha256} exclude each other: such a name is known only "+
			"once the body has come", "")
	case s.fetch.Paginate.IsSet():
		found.add("skip-existing", "and --paginate exclude each other: a page that is not fetched names no next one", "")
	}
}

// checkResume finds outputs that can't be continued. The journal lists the requests whose successes are in the output
// file, so failures, the summary and the order of lines are not in it.
func checkResume(f outputFlags, found *problems) {
	if !isFile(f.output) {
		found.add("resume", "needs --output FILE, whose journal says what is done", "")
	}
	if f.ordered {
		found.add("resume",
			"and --ordered exclude each other: what is tried again by a later run stands behind what came after it",
			"leave --ordered out and sort by index when all is done")
	}
	if f.failures == "-" {
		found.add("resume",
			"and --failures - exclude each other: what fails now and succeeds later would stand there twice",
			"give failures a file of their own")
	}
	if f.summary == "-" {
		found.add("resume", "and --summary - exclude each other: each run would leave one",
			"give the summary a file of its own")
	}
}

// A writtenFile is a file that a run writes, with the flag that names it.
type writtenFile struct{ flag, name string }

// writtenFiles returns the files that a run writes, the journal or the part of the output among them.
func writtenFiles(f outputFlags) []writtenFile {
	var files []writtenFile
	for _, file := range []writtenFile{{"output", f.output}, {"failures", f.failures}, {"summary", f.summary}} {
		if isFile(file.name) {
			files = append(files, file)
		}
	}
	for _, end := range f.endFiles() {
		files = append(files, end, writtenFile{end.flag, file.PartName(end.name)})
	}
	switch {
	case isFile(f.output) && f.resume:
		files = append(files, writtenFile{"output", journal.NameOf(f.output)})
	case isFile(f.output):
		files = append(files, writtenFile{"output", file.PartName(f.output)})
	}
	return files
}

// checkDistinct finds two outputs that are one file, by any of its names; a redirected standard output or error is an
// output too.
func checkDistinct(f outputFlags) error {
	hintFor := func(flag string) string {
		if slices.Contains([]string{"output", "failures", "summary"}, flag) {
			return "--failures - puts failures and summary among the successes"
		}
		return "name another file"
	}
	files := writtenFiles(f)
	for i, a := range files {
		for _, b := range files[i+1:] {
			if a.flag != b.flag && file.SameFile(a.name, b.name) {
				return &usageError{fmt.Sprintf("--%s and --%s are one file, %s", a.flag, b.flag, b.name), hintFor(b.flag)}
			}
		}
		if file.IsStream(a.name) {
			continue
		}
		if a.flag != "output" && isRedirectedTo(os.Stdout, a.name) || isRedirectedTo(os.Stderr, a.name) {
			return &usageError{fmt.Sprintf("--%s and a redirection are one file, %s", a.flag, a.name), hintFor(a.flag)}
		}
	}
	return nil
}

// isRedirectedTo reports whether a stream is redirected to the regular file of that name.
func isRedirectedTo(stream *os.File, name string) bool {
	to, err1 := stream.Stat()
	file, err2 := os.Stat(name)
	return err1 == nil && err2 == nil && file.Mode().IsRegular() && os.SameFile(to, file)
}

const outputIsInputHint = "write to another file, and move it when the run has ended"

// checkNotInputs finds outputs that are a file which is an input or was read by a flag, by any of its names; a
// redirected standard output or error is an output too.
func checkNotInputs(c *config, inputs []inputArg) error {
	for _, name := range c.filesRead {
		inputs = append(inputs[:len(inputs):len(inputs)], inputArg{name: name})
	}
	var wrong []error
	for _, in := range inputs {
		read, err := in.stat()
		if err != nil || !read.Mode().IsRegular() {
			continue
		}
		for _, w := range writtenFiles(c.output) {
			info, err := os.Stat(w.name)
			if err == nil && os.SameFile(read, info) {
				wrong = append(wrong, &usageError{
					fmt.Sprintf("--%s would write over the input %s", w.flag, in.name), outputIsInputHint,
				})
			}
		}
		for _, stream := range [...]struct {
			name string
			file *os.File
		}{{"standard output", os.Stdout}, {"standard error", os.Stderr}} {
			if to, err := stream.file.Stat(); err == nil && os.SameFile(read, to) {
				wrong = append(wrong, &usageError{
					fmt.Sprintf("%s goes to the input %s", stream.name, in.name), outputIsInputHint,
				})
			}
		}
	}
	return errors.Join(wrong...)
}

// endFiles returns the files that a run writes at its end.
func (f outputFlags) endFiles() (files []writtenFile) {
	for _, file := range []writtenFile{{"metrics", f.metrics}, {"report", f.report}, {"junit", f.junit}} {
		if file.name != "" {
			files = append(files, file)
		}
	}
	return files
}

// checkEndFiles finds names that no file of the end can have.
func checkEndFiles(f outputFlags, found *problems) {
	for _, end := range f.endFiles() {
		if end.name == "-" {
			found.add(end.flag, "can't be standard output, which has the Records", "name a file")
		}
	}
	if f.metrics != "" && f.metrics != "-" && !file.IsStream(f.metrics) && filepath.Ext(f.metrics) != metricsSuffix {
		found.add("metrics", "does not end in "+metricsSuffix+", and node_exporter reads no other files", "")
	}
}

// metricsSuffix is the ending of the names of files that the textfile collector reads.
const metricsSuffix = ".prom"

// describeOutput returns the error for the output of a flag that can't be opened: a usageError where another command
// line would help.
func describeOutput(flag string, err error) error {
	var stale *journal.ResumeError
	switch {
	case errors.As(err, &stale):
		return &usageError{"--resume: " + stale.Problem, stale.Hint}
	case errors.Is(err, file.ErrBusy):
		return &usageError{"--" + flag + ": " + err.Error(), "wait for it, or name another file"}
	case errors.Is(err, file.ErrNotOurs):
		return &usageError{"--" + flag + ": " + err.Error(), "remove it, or name a file in another folder"}
	}
	return fmt.Errorf("--%s: %w", flag, err)
}
