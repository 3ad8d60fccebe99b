package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"batchfetch/fetch"
)

// An input is one argument: a URL, a file or standard input.
type input struct {
	name  string
	url   bool
	held  *os.File // opened already, because it can be opened only once; else nil
	from  int64    // where held stood when the run began
	twice bool     // it can be read a second time, to count it
}

// findInputs makes sure that every argument can be read before anything is fetched. No argument is standard input.
func findInputs(args []string) ([]input, error) {
	if len(args) == 0 {
		args = []string{"-"}
	}
	var found []input
	var wrong []error
	standard := false
	for _, arg := range args {
		in, err := findInput(arg)
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

func findInput(arg string) (input, error) {
	switch {
	case strings.Contains(arg, "://"):
		return input{name: arg, url: true, twice: true}, nil
	case arg == "-":
		info, err := os.Stdin.Stat()
		if err != nil {
			return input{}, fmt.Errorf("standard input can't be read: %w", err)
		}
		in := input{name: arg, held: os.Stdin}
		if info.Mode().IsRegular() {
			in.from, err = os.Stdin.Seek(0, io.SeekCurrent)
			in.twice = err == nil
		}
		return in, nil
	}
	f, err := os.Open(arg)
	if err != nil {
		return input{}, describeOpen(arg, err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory", arg)
	}
	if err != nil {
		_ = f.Close()
		return input{}, err
	}
	if !info.Mode().IsRegular() { // a pipe gives what it has only once
		return input{name: arg, held: f}, nil
	}
	return input{name: arg, twice: true}, probe(f, arg)
}

// probe makes sure that a file holds what its name says, as far as its first byte tells, and closes it.
func probe(f *os.File, name string) error {
	content, err := decompress(f, name)
	if err != nil {
		_ = f.Close()
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = content.Close() }() // only read
	if _, err := content.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s can't be read: %w", name, err)
	}
	return nil
}

func describeOpen(arg string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	arg = maskArgument(arg)
	if errors.Is(err, fs.ErrNotExist) && looksLikeHost(arg) {
		return &hintedError{fmt.Sprintf("%s: no such file", arg), "for a URL write https://" + arg}
	}
	return fmt.Errorf("%s: %w", arg, err)
}

// maskArgument hides what may be a user and password, in a URL whose :// was forgotten.
func maskArgument(arg string) string {
	at := strings.LastIndexByte(arg, '@')
	if at < 0 || !strings.Contains(arg[:at], ":") {
		return arg
	}
	return fetch.Secret + arg[at:]
}

// looksLikeHost guesses that a name such as example.com/a was meant as a URL.
func looksLikeHost(arg string) bool {
	host, _, _ := strings.Cut(arg, "/")
	dot := strings.LastIndexByte(host, '.')
	return dot > 0 && dot < len(host)-1 && !strings.HasPrefix(arg, ".")
}

// stat describes the file behind an input; a URL has none.
func (in input) stat() (fs.FileInfo, error) {
	if in.held != nil {
		return in.held.Stat()
	}
	if in.url {
		return nil, fs.ErrNotExist
	}
	return os.Stat(in.name)
}

// source yields the Requests of all inputs, each opened when its turn comes and closed after it.
func source(inputs []input) fetch.Source {
	reader := new(fetch.Reader)
	sources := make([]fetch.Source, len(inputs))
	for i, in := range inputs {
		sources[i] = in.source(reader)
	}
	return fetch.Concat(sources...)
}

func (in input) source(reader *fetch.Reader) fetch.Source {
	if in.url {
		return reader.URLs([]string{in.name})
	}
	return func(yield func(fetch.Request, error) bool) {
		content, err := in.open()
		if err != nil {
			yield(fetch.Request{}, err)
			return
		}
		defer func() { _ = content.Close() }() // only read
		for request, err := range reader.Lines(content, in.name) {
			if !yield(request, err) {
				return
			}
		}
	}
}

// open returns the decompressed content.
func (in input) open() (io.ReadCloser, error) {
	f := in.held
	if f == nil {
		opened, err := os.Open(in.name)
		if err != nil {
			return nil, describeOpen(in.name, err)
		}
		f = opened
	}
	return decompress(f, in.name)
}

// decompress reads .gz and .zst by their endings. An error means that the file is not what its name says.
func decompress(f *os.File, name string) (io.ReadCloser, error) {
	switch filepath.Ext(name) {
	case ".gz":
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, fmt.Errorf("not a gzip file: %w", err)
		}
		return stack{z, []io.Closer{z, f}}, nil
	case ".zst":
		z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, fmt.Errorf("not a zstd file: %w", err)
		}
		return stack{z, []io.Closer{z.IOReadCloser(), f}}, nil
	}
	return f, nil
}

// A stack closes a reader with what it reads from.
type stack struct {
	io.Reader
	closers []io.Closer
}

func (s stack) Close() error {
	var wrong []error
	for _, closer := range s.closers {
		wrong = append(wrong, closer.Close())
	}
	return errors.Join(wrong...)
}

// countRequests returns how many Requests the inputs hold, or false where one can be read only once.
func countRequests(ctx context.Context, inputs []input) (int64, bool) {
	var total int64
	for _, in := range inputs {
		if !in.twice {
			return 0, false
		}
	}
	for _, in := range inputs {
		n, err := in.count(ctx)
		if err != nil {
			return 0, false
		}
		total += n
	}
	return total, true
}

func (in input) count(ctx context.Context) (int64, error) {
	if in.url {
		return 1, nil
	}
	if in.held != nil { // standard input from a file: read beside the run's own position
		info, err := in.held.Stat()
		if err != nil {
			return 0, err
		}
		return fetch.CountRequests(stopReader{ctx, io.NewSectionReader(in.held, in.from, info.Size()-in.from)})
	}
	content, err := in.open()
	if err != nil {
		return 0, err
	}
	defer func() { _ = content.Close() }() // only read
	return fetch.CountRequests(stopReader{ctx, content})
}

// A stopReader fails once its run is over.
type stopReader struct {
	ctx context.Context //nolint:containedctx // io.Reader has no place for it
	in  io.Reader
}

func (s stopReader) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.in.Read(p)
}
