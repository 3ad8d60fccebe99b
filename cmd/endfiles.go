package cmd

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"batchfetch/fetch"
	"batchfetch/output"
	"batchfetch/output/file"
	"batchfetch/output/junit"
	"batchfetch/output/metrics"
	"batchfetch/output/report"
)

// An endFile is a file that a run writes once it has ended, whatever its exit code, of what was counted meanwhile.
type endFile struct {
	atomic     *file.Atomic
	flag, name string
	write      func(to io.Writer, r *result) error // nil until watch
}

// endFiles are the files that a run writes at its end.
type endFiles []*endFile

// openEndFiles opens them. With an error it returns those that are open.
func openEndFiles(f outputFlags) (opened endFiles, err error) {
	for _, end := range f.endFiles() {
		atomic, err := file.Create(end.name, nil)
		if err != nil {
			return opened, describeOutput(end.flag, err)
		}
		opened = append(opened, &endFile{atomic: atomic, flag: end.flag, name: end.name})
	}
	return opened, nil
}

// watch returns the Sink around sink that counts what the files say; o gets their Observer.
func (ends endFiles) watch(sink fetch.Sink, o *fetch.Options) fetch.Sink {
	hosts, started := output.NewHosts(sink), time.Now()
	if slices.ContainsFunc(ends, func(end *endFile) bool { return end.flag == "metrics" || end.flag == "junit" }) {
		sink = hosts
	}
	for _, end := range ends {
		switch end.flag {
		case "metrics":
			end.write = func(to io.Writer, r *result) error { return end.writeMetrics(to, r, hosts) }
		case "junit":
			failures := junit.NewFailures(sink)
			sink = failures
			end.write = func(to io.Writer, r *result) error {
				run := junit.Run{Started: started, Summary: &r.summary, ExitCode: r.exitCode(), Failures: failures, Hosts: hosts}
				return run.Write(to)
			}
		case "report":
			live := report.NewLive(sink, o)
			sink, o.Observer = live, live
			end.write = func(to io.Writer, r *result) error {
				return live.Data(&r.summary, r.exitCode()).WritePage(to)
			}
		}
	}
	return sink
}

// write writes the files and gives them their names. Errors go to r.
func (ends endFiles) write(r *result) {
	for _, end := range ends {
		text := bufio.NewWriter(end.atomic)
		err := end.write(text, r)
		if err == nil {
			err = text.Flush()
		}
		if err != nil {
			r.addError(err)
			_ = end.atomic.Abandon() // the first error counts
			continue
		}
		r.addError(end.atomic.Commit())
	}
}

// writeMetrics writes the metrics of a run. The label run is the name of the file without its ending.
func (end *endFile) writeMetrics(to io.Writer, r *result, hosts *output.Hosts) error {
	m := metrics.Run{Name: strings.TrimSuffix(filepath.Base(end.name), metricsSuffix), Ended: time.Now(),
		Summary: &r.summary, ExitCode: r.exitCode(), Hosts: hosts}
	if info, err := os.Stat(end.name); err == nil && info.Mode().IsRegular() {
		if before, err := os.Open(end.name); err == nil {
			m.Earlier = metrics.ReadEarlier(before, m.Ended)
			_ = before.Close() // only read
		}
	}
	return m.Write(to)
}

// discard removes the files, of which nothing has been written.
func (ends endFiles) discard() {
	for _, end := range ends {
		end.atomic.Discard()
	}
}
