package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"batchfetch/fetch"
	"batchfetch/fetch/input"
	"batchfetch/output/warc"
)

// checkInputs makes sure that every argument can be read, before anything is fetched. No argument is standard input.
func checkInputs(args []string, c *config) ([]inputArg, error) {
	if len(args) == 0 {
		args = []string{"-"}
	}
	if hasQueue(args) {
		return checkQueueInput(args, c)
	}
	var found []inputArg
	var wrong []error
	standard := false
	for _, arg := range args {
		in, err := checkInput(arg, c.form)
		if err == nil && arg == "-" {
			if standard {
				err = errors.New("standard input is named twice")
			}
			standard = true
		}
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		found = append(found, in)
	}
	return found, errors.Join(wrong...)
}

func checkInput(arg string, form input.Form) (inputArg, error) {
	switch {
	case strings.Contains(arg, "://"):
		return inputArg{name: arg, isURL: true, rereadable: true}, nil
	case warc.IsName(arg):
		return inputArg{}, &usageError{arg + " is an archive in WARC, which is no list of requests",
			"its metadata records have a Record each: batchfetch report " + arg + " shows them"}
	case arg == "-":
		info, err := os.Stdin.Stat()
		if err != nil {
			return inputArg{}, fmt.Errorf("standard input can't be read: %w", err)
		}
		in := inputArg{name: arg, file: os.Stdin}
		if info.Mode().IsRegular() {
			in.offset, err = os.Stdin.Seek(0, io.SeekCurrent)
			in.rereadable = err == nil
		}
		return in, nil
	}
	f, err := os.Open(arg)
	if err != nil {
		return inputArg{}, openError(arg, err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory", arg)
	}
	if err != nil {
		_ = f.Close()
		return inputArg{}, err
	}
	if !info.Mode().IsRegular() { // a pipe can be opened only once
		return inputArg{name: arg, file: f}, nil
	}
	return inputArg{name: arg, rereadable: true}, checkContent(f, arg, form)
}

// checkContent makes sure that the first byte of a file can be read, and decompressed as its name says, that a table
// has a header with url, and closes it.
func checkContent(f *os.File, name string, form input.Form) error {
	content, err := decompress(f, name)
	if err != nil {
		_ = f.Close()
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = content.Close() }() // only read
	if form == input.FormCSV || form == input.FormTSV {
		err = input.CheckHeader(content, form)
	} else if _, err = content.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("%s can't be read: %w", name, err)
	}
	return nil
}

// newSource returns the Requests of all inputs in order, or of the queue where that is not nil; each input is opened
// when it is reached and closed at its end.
func newSource(ctx context.Context, inputs []inputArg, queue *runQueue, reader *input.Reader) fetch.Source {
	if queue != nil {
		return queue.source(ctx, reader)
	}
	sources := make([]fetch.Source, len(inputs))
	for i, in := range inputs {
		sources[i] = in.source(reader)
	}
	return input.Concat(sources...)
}

// counting counts in n what source yields, and calls ended, which may be nil, with the number once it has come to its
// end.
func counting(source fetch.Source, n *atomic.Int64, ended func(n int64)) fetch.Source {
	return func(yield func(fetch.Request, error) bool) {
		for request, err := range source {
			n.Add(1)
			if !yield(request, err) {
				return
			}
		}
		if ended != nil {
			ended(n.Load())
		}
	}
}

// countRequests returns the number of Requests in all inputs; false where an input can't be read twice, or fails. It
// reads every input to its end, or until ctx ends.
func countRequests(ctx context.Context, inputs []inputArg, reader *input.Reader) (int64, bool) {
	var total int64
	for _, in := range inputs {
		if !in.rereadable {
			return 0, false
		}
	}
	for _, in := range inputs {
		n, err := in.count(ctx, reader)
		if err != nil {
			return 0, false
		}
		total += n
	}
	return total, true
}
