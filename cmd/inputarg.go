package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"batchfetch/fetch"
	"batchfetch/fetch/input"
	"batchfetch/fetch/redact"
	"batchfetch/fetch/spelling"
	"batchfetch/fetch/workqueue"
)

// An inputArg is one argument of the command line: a URL, a file or standard input.
type inputArg struct {
	name       string
	isURL      bool
	file       *os.File // standard input or a pipe; nil for what source opens by its name
	offset     int64    // of file, when the run started
	rereadable bool     // it can be read a second time, to count it

	queue *workqueue.Address // nil: it is none
}

// stat returns the state of the input's file; a URL has none.
func (in inputArg) stat() (fs.FileInfo, error) {
	if in.file != nil {
		return in.file.Stat()
	}
	if in.isURL {
		return nil, fs.ErrNotExist
	}
	return os.Stat(in.name)
}

// source returns the Requests of one input.
func (in inputArg) source(reader *input.Reader) fetch.Source {
	if in.isURL {
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

// content returns the text of the input, that of a URL as one line; the caller closes it.
func (in inputArg) content() (io.ReadCloser, error) {
	if in.isURL {
		return io.NopCloser(strings.NewReader(in.name)), nil
	}
	return in.open()
}

// open returns the decompressed content; the caller closes it.
func (in inputArg) open() (io.ReadCloser, error) {
	if in.name == "-" {
		return decompress(stream{in.file}, in.name)
	}
	f := in.file
	if f == nil {
		opened, err := os.Open(in.name)
		if err != nil {
			return nil, openError(in.name, err)
		}
		f = opened
	}
	return decompress(f, in.name)
}

// count returns the number of Requests in one input.
func (in inputArg) count(ctx context.Context, reader *input.Reader) (int64, error) {
	if in.isURL {
		return 1, nil
	}
	if in.file != nil { // standard input is a file: reading at an offset leaves the run's position alone
		info, err := in.file.Stat()
		if err != nil {
			return 0, err
		}
		content := &packedInput{in: io.NopCloser(io.NewSectionReader(in.file, in.offset, info.Size()-in.offset))}
		return reader.Count(contextReader{ctx, content})
	}
	content, err := in.open()
	if err != nil {
		return 0, err
	}
	defer func() { _ = content.Close() }() // only read
	return reader.Count(contextReader{ctx, content})
}

// A contextReader is a reader that fails once its context has ended.
type contextReader struct {
	ctx context.Context //nolint:containedctx // io.Reader has no place for it
	in  io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.in.Read(p)
}

// commandNames are the commands, for a word that is near to one.
var commandNames = []string{"completion", "demo", "doctor", "help", "man", "merge", "push", "report", "schema",
	"version"}

// openError returns the error for an argument that can't be opened, with a hint for a URL whose https:// is missing and
// for a command that is misspelled.
func openError(arg string, err error) error {
	if arg == "" {
		return &usageError{"an argument is empty", "is a variable of the shell empty? - is standard input"}
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	arg = maskArgument(arg)
	if errors.Is(err, fs.ErrNotExist) && looksLikeHost(arg) {
		return &usageError{fmt.Sprintf("%s: no such file", arg), "for a URL write https://" + arg}
	}
	if near := spelling.Nearest(arg, commandNames); errors.Is(err, fs.ErrNotExist) && near != "" {
		return &usageError{fmt.Sprintf("%s: no such file", arg), "did you mean the command " + near + "?"}
	}
	return fmt.Errorf("%s: %w", arg, err)
}

// maskArgument replaces what may be user:password in a URL whose scheme was forgotten.
func maskArgument(arg string) string {
	at := strings.LastIndexByte(arg, '@')
	if at < 0 || !strings.Contains(arg[:at], ":") {
		return arg
	}
	return redact.Placeholder + arg[at:]
}

// looksLikeHost reports whether a name such as example.com/a was meant as a URL: it begins with localhost, an IP
// address, a name without a dot and a port, or a name below a public suffix that is no usual ending of a file.
func looksLikeHost(arg string) bool {
	authority, _, _ := strings.Cut(arg, "/")
	host, port, err := net.SplitHostPort(authority)
	if err != nil {
		host = strings.Trim(authority, "[]")
	} else if _, err := strconv.ParseUint(port, 10, 16); err == nil && host != "" && !strings.Contains(host, ".") {
		return true
	}
	if strings.EqualFold(host, "localhost") || net.ParseIP(host) != nil {
		return true
	}
	suffix, managed := publicsuffix.PublicSuffix(strings.ToLower(host))
	isFile := host == arg && slices.Contains(fileEndings, suffix)
	return managed && len(suffix) < len(host) && !isFile
}

// fileEndings are the public suffixes with which the names of lists end, too.
var fileEndings = []string{"data", "md", "pl", "py", "sh", "zip"}

// urlRange is a range of numbers or letters in a URL, as curl and aria2c -P expand it. Their lists, {a,b}, are in
// queries of some APIs.
var urlRange = regexp.MustCompile(`\[(\d+-\d+|[a-z]-[a-z]|[A-Z]-[A-Z])(:\d+)?\]`)

// warnRange warns of an argument that is a URL with a range, which is requested as it stands.
func warnRange(inputs []inputArg, to *console) {
	for _, in := range inputs {
		if found := urlRange.FindString(in.name); in.isURL && found != "" {
			to.report(slog.LevelWarn, found+" in a URL is requested as it stands, not as a range",
				"seq -f 'https://example.com/item/%.0f' 9 | batchfetch")
			return
		}
	}
}

// numberAlone is what xargs and GNU parallel take for -P.
var numberAlone = regexp.MustCompile(`^[0-9]{1,3}$`)

// warnNumber warns of a directory for bodies that was meant as a number of requests.
func warnNumber(saveDir string, to *console) {
	if numberAlone.MatchString(saveDir) {
		to.report(slog.LevelWarn, "bodies are saved below the directory "+saveDir,
			"-j "+saveDir+" is how many requests are in progress at once; -P ./"+saveDir+" is without this warning")
	}
}
