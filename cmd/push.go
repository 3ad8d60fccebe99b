package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"batchfetch/fetch"
	"batchfetch/fetch/input"
	"batchfetch/fetch/workqueue"
)

// pushFlags are the flags of batchfetch push.
type pushFlags struct {
	most int64 // entries that the stream may have; 0 is any number
	form string
}

const pushHelp = `Add the requests of lists to a queue, a stream in Redis.

Each request, of files, URLs or standard input in any form that batchfetch itself reads, becomes an entry: a URL with a
field url, JSON with a field request. batchfetch REDIS-URL takes and fetches them, on any number of machines (batchfetch
help queue). Lines of a pipe are added as they come. Lines that can't be used are named on standard error and left
out.

Memory is bounded. While the stream has as many entries as --max-length, push waits until some are done; entries that
are done leave the stream, unless it has several consumer groups. After a lost connection no entry is there twice.

Exit codes: 0 all are added, 1 the server or an input failed (the last line says how many were added), 2 usage, 3 some
lines can't be used; 130 and 143 after a signal.

Examples:
  batchfetch push redis://redis.example.com/0/jobs urls.txt.gz
  batchfetch push redis://redis.example.com/0/jobs failures.jsonl      # again what failed
`

// maxPushed is how many entries are added in one call, and pushBytes how many bytes of them until no more is.
const maxPushed, pushBytes = 100, 1 << 20

// newPushCommand returns batchfetch push.
func newPushCommand(in *interrupts, code *int) *cobra.Command {
	f := pushFlags{}
	command := &cobra.Command{
		Use:   "push [flags] REDIS-URL [FILE | URL | -]...",
		Short: "Add the requests of lists to a queue",
		Long:  pushHelp,
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			*code = push(in, f, args)
			return nil
		},
	}
	command.Flags().Int64Var(&f.most, "max-length", 1_000_000, "`n` entries, done ones not counted, that the stream may "+
		"have; 0 is any number")
	command.Flags().StringVar(&f.form, "input", string(input.FormAuto), "what the lists are: `form` auto, lines, csv, "+
		"tsv, json or sitemap")
	return command
}

// A pushResult is what batchfetch push has done, its last line as JSON.
type pushResult struct {
	Type     string `json:"type"` // push
	Pushed   int64  `json:"pushed"`
	Invalid  int64  `json:"invalid"` // lines that can't be used
	ExitCode int    `json:"exit_code"`
}

// push adds the requests of the inputs and returns the exit code.
func push(in *interrupts, f pushFlags, args []string) int {
	form, err := oneOf(input.FormAuto, input.FormLines, input.FormCSV, input.FormTSV, input.FormJSON,
		input.FormSitemap)(f.form)
	if err != nil {
		err = &usageError{"--input " + err.Error(), ""}
	} else if f.most < 0 {
		err = &usageError{"--max-length is negative", "0 is any number"}
	}
	address, inputs, wrong := checkPushed(args, form)
	if err = errors.Join(err, wrong); err != nil {
		return printProblems(os.Stderr, flatten(err))
	}
	in.markStarted(isForPerson())
	ctx := in.ctx
	most := maxPushed
	if f.most > 0 {
		most = int(min(f.most, maxPushed))
	}
	p := &pushing{most: most, invalid: failureWriter(isForPerson()), stopped: in.drain,
		to: workqueue.OpenPusher(address, f.most, func(text string) {
			writeMessage(os.Stderr, isForPerson(), slog.LevelWarn, text, "")
		})}
	defer p.to.Close(context.WithoutCancel(ctx))
	err = p.addUntilStopped(ctx, inputs, &input.Reader{Form: form})
	var refused *serverError
	switch {
	case p.isStopped():
		p.ExitCode = int(in.code.Load())
	case errors.As(err, &refused):
		err, p.ExitCode = describeQueue(address, refused.err), exitBroken
	case err != nil:
		p.ExitCode = exitBroken
	case p.Invalid > 0:
		p.ExitCode = exitFailed
	}
	if p.ExitCode == exitBroken {
		writeMessage(os.Stderr, isForPerson(), slog.LevelError, err.Error(), hintFor(err))
	}
	p.print()
	return p.ExitCode
}

// checkPushed returns the queue and the inputs that the arguments name.
func checkPushed(args []string, form input.Form) (workqueue.Address, []inputArg, error) {
	if len(args) == 0 || !workqueue.IsAddress(args[0]) {
		return workqueue.Address{}, nil, &usageError{"push: the first argument is no address of a queue", queueHint}
	}
	address, err := parseQueue(args[0], &fetch.Options{})
	if hasQueue(args[1:]) {
		return address, nil, errors.Join(err,
			&usageError{"push: a queue is no list", "name files, URLs or - for standard input"})
	}
	inputs, wrong := checkInputs(args[1:], &config{form: form})
	return address, inputs, errors.Join(err, wrong)
}

// A serverError is that of the server of a queue.
type serverError struct{ err error }

func (e *serverError) Error() string { return e.err.Error() }

// pushing is a run of batchfetch push.
type pushing struct {
	to      *workqueue.Pusher
	most    int // entries in one call
	stopped <-chan struct{}
	invalid func(fetch.Request, *fetch.LineError)

	batch  []workqueue.Field
	bytes  int   // of batch
	failed error // of an earlier flush

	mu sync.Mutex // of to and what follows; held while entries are added
	pushResult
}

func (p *pushing) isStopped() bool {
	select {
	case <-p.stopped:
		return true
	default:
		return false
	}
}

// addUntilStopped adds the requests of all inputs, until the process is stopped: a read of a pipe, which nothing ends,
// is then left to itself. It returns with mu held, so that nothing is added after it.
func (p *pushing) addUntilStopped(ctx context.Context, inputs []inputArg, reader *input.Reader) (err error) {
	ended := make(chan error, 1)
	go func() { ended <- p.addAll(ctx, inputs, reader) }()
	select {
	case err = <-ended:
	case <-p.stopped:
	}
	p.mu.Lock()
	return err
}

// A flushingReader adds what has been read before it waits for more, which a pipe may be long in coming with.
type flushingReader struct {
	io.Reader
	flush func() error
}

// Read is io.Reader's.
func (r flushingReader) Read(to []byte) (int, error) {
	if err := r.flush(); err != nil {
		return 0, err
	}
	return r.Reader.Read(to)
}

// addAll adds the requests of all inputs. The error is that of an input, or a *serverError.
func (p *pushing) addAll(ctx context.Context, inputs []inputArg, reader *input.Reader) error {
	for _, in := range inputs {
		content, err := in.content()
		if err != nil {
			return err
		}
		flushing := flushingReader{content, func() error { return p.flush(ctx) }}
		err = p.addLines(ctx, reader.Texts(flushing, in.name))
		_ = content.Close() // only read
		if err != nil {
			return err
		}
	}
	return p.flush(ctx)
}

// addLines adds the requests of one input.
func (p *pushing) addLines(ctx context.Context, lines func(yield func(input.Line, error) bool)) error {
	for line, err := range lines {
		var unusable *fetch.LineError
		switch {
		case p.isStopped():
			return nil
		case errors.As(err, &unusable):
			p.mu.Lock()
			p.Invalid++
			p.invalid(line.Request, unusable)
			p.mu.Unlock()
			continue
		case err != nil:
			return errors.Join(p.flush(ctx), err)
		}
		field := workqueue.Field{Name: input.FieldURL, Value: string(line.Text)}
		if strings.HasPrefix(field.Value, "{") || strings.HasPrefix(field.Value, `"`) {
			field.Name = input.FieldRequest
		}
		p.batch = append(p.batch, field)
		if p.bytes += len(field.Value); len(p.batch) < p.most && p.bytes < pushBytes {
			continue
		}
		if err := p.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// flush adds what is there.
func (p *pushing) flush(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.batch) == 0 || p.isStopped() || p.failed != nil {
		return p.failed
	}
	if err := p.to.Add(ctx, p.batch, p.stopped); err != nil {
		p.failed = &serverError{err}
		return p.failed
	}
	p.Pushed += int64(len(p.batch))
	p.batch, p.bytes = p.batch[:0], 0
	return nil
}

// print writes the last line on standard error: in words on a terminal, else as JSON.
func (p *pushing) print() {
	if isForPerson() {
		text := fmt.Sprintf("%d requests added", p.Pushed)
		if p.Invalid > 0 {
			text += fmt.Sprintf("; %d lines can't be used", p.Invalid)
		}
		printNotice(os.Stderr, text, "")
		return
	}
	p.Type = "push"
	line, _ := json.Marshal(p.pushResult)
	_, _ = stream{os.Stderr}.Write(append(line, '\n')) // the exit code has it, too
}
