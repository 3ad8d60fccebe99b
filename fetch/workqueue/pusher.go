package workqueue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"batchfetch/fetch/resp"
)

// A Field is the one field of an entry that is added.
type Field struct{ Name, Value string }

// markTTL is how long a server remembers what it has added for a Pusher that has died.
const markTTL = time.Hour

// A Pusher adds entries to a stream. One goroutine may use it.
type Pusher struct {
	client *resp.Client
	stream string
	mark   string // the key with the number of the last call
	most   int64  // entries that the stream may have; 0 is any number
	calls  int
	warn   func(text string)
	full   bool // it was warned of
	failed bool // likewise
}

// OpenPusher returns a Pusher. It does not connect yet. most is how many entries the stream may have, with which Add
// waits; 0 is any number. warn is called with what a user has to know, once.
func OpenPusher(a Address, most int64, warn func(text string)) *Pusher {
	mark := a.Stream
	if !strings.ContainsAny(mark, "{}") { // in a cluster both keys have to be in one slot
		mark = "{" + mark + "}"
	}
	return &Pusher{client: resp.New(a.Server), stream: a.Stream, mark: mark + ":push:" + rand.Text(), most: most,
		warn: warn}
}

// ErrStopped is that of an Add that stopped has ended while it waited.
var ErrStopped = errors.New("stopped")

// Add adds entries, all at once and none twice, and waits while the stream is full, until stopped is closed. A server
// that fails is called again for Patience. The error is that of package resp, of ctx, or ErrStopped; where the
// connection was lost, they may have been added.
func (p *Pusher) Add(ctx context.Context, entries []Field, stopped <-chan struct{}) error {
	p.calls++
	words := []string{p.stream, p.mark, strconv.Itoa(p.calls), strconv.FormatInt(p.most, 10),
		strconv.FormatInt(markTTL.Milliseconds(), 10)}
	for _, e := range entries {
		words = append(words, e.Name, e.Value)
	}
	failedAt := time.Time{}
	for pause := leastPoll; ; pause = min(2*pause, mostPoll) {
		added, err := p.client.Eval(ctx, pushScript, 1, 2, words...)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil && string(added) == "1":
			return nil
		case err == nil:
			failedAt = time.Time{}
			if !p.full {
				p.full = true
				p.warn(fmt.Sprintf("the stream has %d entries, as many as it may: waiting until some are done", p.most))
			}
		default:
			if failedAt.IsZero() {
				failedAt = time.Now()
			}
			if err := p.fail(err, failedAt); err != nil {
				return err
			}
		}
		if !sleep(ctx, pause, stopped) && ctx.Err() == nil {
			return ErrStopped
		}
	}
}

// fail takes in an error of the server, which has failed since then. It returns one that ends Add.
func (p *Pusher) fail(err error, since time.Time) error {
	var refusal *resp.Refusal
	switch {
	case errors.As(err, &refusal) && !refusal.IsPassing(), errors.Is(err, resp.ErrReply), p.calls == 1 && refusal == nil:
		return err
	case time.Since(since) > Patience:
		return fmt.Errorf("it has failed for %s: %w", Patience, err)
	case !p.failed:
		p.failed = true
		p.warn("the server does not take entries, and is called again for " + Patience.String() + ": " + err.Error())
	}
	return nil
}

// Close forgets the Pusher at the server, and closes the connections.
func (p *Pusher) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	_, _ = p.client.Do(ctx, resp.Command{Words: []string{"DEL", p.mark}, Reply: resp.Number}) // else it expires
	_ = p.client.Close()
}
