package cmd

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"sync"

	"batchfetch/fetch"
	"batchfetch/fetch/input"
	"batchfetch/fetch/resp"
	"batchfetch/fetch/workqueue"
	"batchfetch/output"
	"batchfetch/output/journal"
)

// passwordVariable has the password of a queue whose address has none, as redis-cli(1) reads it.
const passwordVariable = "REDISCLI_AUTH"

const queueHint = "write " + workqueue.Usage + ", the password best as " + passwordVariable + " (help queue)"

// parseQueue parses the address of a queue. Its error never quotes that, which may hold a password.
func parseQueue(text string, o *fetch.Options) (workqueue.Address, error) {
	var roots *x509.CertPool
	if o.TLS != nil {
		roots = o.TLS.RootCAs
	}
	address, err := workqueue.ParseAddress(text, os.Getenv(passwordVariable), roots)
	if err != nil {
		return address, &usageError{"the address of the queue " + err.Error(), queueHint}
	}
	return address, nil
}

// hasQueue reports whether the input is a queue.
func hasQueue(args []string) bool {
	for _, arg := range args {
		if workqueue.IsAddress(arg) {
			return true
		}
	}
	return false
}

// checkQueue finds what a queue as the input can't be combined with.
func checkQueue(s *settings, found *problems) {
	const others = "and a queue exclude each other: "
	for _, c := range []struct {
		flag          string
		given         bool
		problem, hint string
	}{
		{"ordered", s.output.ordered, others + "its entries are divided among all consumers as they come",
			"batchfetch merge sorts the outputs of all by entry"},
		{"shard", s.shard.auto || s.shard.Of > 0, others + "the queue itself divides its entries",
			"start the same command without --shard on each machine"},
		{"unique", s.unique, others + "one consumer does not see what the others have",
			"leave double lines out of what is pushed, as by sort -u"},
		{"dry-run", s.dryRun, others + "to count its entries is to take them",
			"redis-cli XINFO GROUPS shows how many are pending and not delivered"},
		{"url", s.request.bodyURL != "", others + "an entry is a request, and no body",
			"push lines with a \"url\" and a \"body\""},
		{"input", s.form != input.FormAuto, others + "its entries have a form of their own",
			"batchfetch push --input reads every form"},
		{"skip-existing", s.output.skipExisting, others + "what is skipped has no Record by which its entry is done",
			"-o FILE --resume leaves out what FILE has"},
		{"output", isFile(s.output.output) && !s.output.resume,
			"FILE has nothing before the run is complete, so that no entry of a queue is done before that",
			"add --resume, or write to standard output"},
	} {
		if c.given {
			found.add(c.flag, c.problem, c.hint)
		}
	}
}

// checkQueueInput returns the queue that is the one argument; its name has no secrets.
func checkQueueInput(args []string, c *config) ([]inputArg, error) {
	if len(args) > 1 {
		return nil, &usageError{"a queue and other inputs exclude each other: the run ends when the queue is empty",
			"batchfetch push adds the others to the queue"}
	}
	address, err := parseQueue(args[0], &c.fetch)
	if err == nil && address.Group == "" {
		err = &usageError{"the address of the queue has no group, whose consumers share its entries", queueHint}
	}
	return []inputArg{{name: address.Name, isURL: true, queue: &address}}, err
}

// A runQueue is the queue that a run takes its input from. nil is none.
type runQueue struct {
	consumer *workqueue.Consumer
	address  workqueue.Address
	end      func() // of what start has started
	closed   bool
}

// queueAhead is how many entries are held for each exchange that may be under way: the others are for other consumers.
const queueAhead = 4

// openQueue opens the queue that is the one input; warn is called with what a user has to know later. It sets what the
// run may hold in o.
func openQueue(
	ctx context.Context, inputs []inputArg, o *fetch.Options, warn func(text string),
) (*runQueue, error) {
	if inputs[0].queue == nil {
		return nil, nil
	}
	address := *inputs[0].queue
	o.Lookahead, o.Aside = min(o.Lookahead, queueAhead*o.Concurrency), 0
	consumer, err := workqueue.Open(ctx, address, o.Lookahead/queueAhead, warn)
	if err != nil {
		return nil, describeQueue(address, err)
	}
	return &runQueue{consumer: consumer, address: address}, nil
}

// describeQueue returns an error of the server of a queue with its name, and a hint.
func describeQueue(a workqueue.Address, err error) error {
	var refusal *resp.Refusal
	hint := ""
	switch {
	case errors.As(err, &refusal):
		hint = queueHints[refusal.Code]
	case errors.Is(err, resp.ErrReply):
		hint = "is it a Redis server, and rediss:// where it wants TLS?"
	}
	return &usageError{a.Name + ": " + truncate(err.Error()), cmp.Or(hint, "is the server up, and the address right?")}
}

// queueHints say what to do about what a server refuses, by its code.
var queueHints = map[string]string{
	"NOAUTH":    "give the password as " + passwordVariable + ", or in the URL",
	"WRONGPASS": "check the user in the URL, and the password in it or in " + passwordVariable,
	"NOPERM":    "the user needs what batchfetch help queue lists",
	"WRONGTYPE": "the key is no stream: name another one",
	"NOGROUP": "somebody has deleted the stream or its group, or the server has lost its data: push again, and start " +
		"again. A group that is made anew gets all that the stream still has",
	"UNKNOWN":  "Redis 6.2, Valkey or another server with XAUTOCLAIM is needed",
	"READONLY": "name the master: a replica takes no acknowledgements",
	"MOVED":    "name the node that has the stream, or a server that is no part of a cluster",
	"LOADING":  "wait until it has loaded its data",
	"OOM":      "the server needs more memory (maxmemory), or push a smaller --max-length",
}

// source yields the Requests of the entries, each with its Entry.
func (q *runQueue) source(ctx context.Context, reader *input.Reader) fetch.Source {
	return func(yield func(fetch.Request, error) bool) {
		for {
			entry, err := q.consumer.Next(ctx)
			switch {
			case errors.Is(err, io.EOF), ctx.Err() != nil:
				return
			case err != nil:
				yield(fetch.Request{File: q.address.Name}, describeQueue(q.address, err))
				return
			}
			request, err := reader.Entry(entry.Fields, entry.TooLong)
			request.Delivery, request.Entry = entry.ID, cmp.Or(request.Entry, entry.ID)
			request.File = q.address.Name
			if !yield(request, err) {
				return
			}
		}
	}
}

// setName has the consumer go by the output that is resumed, unless it has a name: a run that goes on with the output
// also goes on with the entries that were taken for it, and knows which of them are done.
func (q *runQueue) setName(resumed *journal.Output) {
	if q != nil && resumed != nil && q.address.Consumer == "" {
		q.consumer.SetName("output-" + resumed.ID())
	}
}

// start has the queue learn what is done, until close: it renews what is held meanwhile, and ends the input at the end
// of drain.
func (q *runQueue) start(ctx context.Context, drain <-chan struct{}) {
	if q == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { q.consumer.Keep(ctx, drain) })
	q.end = func() { cancel(); running.Wait() }
}

// sink returns a Sink around one, by whose commits entries are done.
func (q *runQueue) sink(inner fetch.Sink) fetch.Sink {
	if q == nil {
		return inner
	}
	return output.NewAcknowledge(inner, q.consumer.Acknowledge)
}

// done returns the function that says which Requests an earlier run has done: their entries are done, too.
func (q *runQueue) done(earlier func(*fetch.Request) bool) func(*fetch.Request) bool {
	if q == nil {
		return earlier
	}
	return func(r *fetch.Request) bool {
		isDone := earlier(r)
		if isDone {
			q.consumer.Acknowledge([]string{r.Delivery})
		}
		return isDone
	}
}

// close has the queue know what is done, and hands back the rest. It does so once.
func (q *runQueue) close(ctx context.Context) error {
	if q == nil || q.closed {
		return nil
	}
	q.closed = true
	if q.end != nil {
		q.end()
	}
	if err := q.consumer.Close(context.WithoutCancel(ctx)); err != nil {
		return describeQueue(q.address, err)
	}
	return nil
}
