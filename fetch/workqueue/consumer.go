package workqueue

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"batchfetch/fetch/resp"
)

const (
	// Patience is for how long a server may fail before Next gives up.
	Patience = 30 * time.Second
	// retryPause is how long a server that failed is not called.
	retryPause = time.Second
	// leastPoll and mostPoll are the shortest and the longest time between two looks for more entries.
	leastPoll, mostPoll = 20 * time.Millisecond, 500 * time.Millisecond
	// maxBatch is how many entries are taken at once, at most.
	maxBatch = 64
	// returned is the consumer that entries belong to which were handed back.
	returned = "batchfetch:returned"
	// checking is the consumer by which Open finds what is not allowed.
	checking = "batchfetch:checking"
)

// A Consumer takes the entries of a stream. Next is for one goroutine, Keep for another, Acknowledge for any.
type Consumer struct {
	client  *resp.Client
	address Address
	batch   int
	warn    func(text string) // of what the user has to know, as it happens
	reading chan struct{}     // holds a token while no call takes entries
	told    chan struct{}     // to Keep: there is something to acknowledge

	mu     sync.Mutex
	held   map[string]struct{} // the entries that were taken, until the server has acknowledged them
	acks   []string            // the ones of them that are done
	late   map[string]struct{} // those acknowledged while a call takes entries, which may still be in its reply
	closed chan struct{}       // Next ends
	once   sync.Once           // of closed

	// of Next alone
	taken       []Entry   // that Next has yet to return
	history     string    // behind which entry to look for what was lost; empty: nothing was
	claim       string    // where to go on looking for entries of silent consumers; empty: nowhere
	claimAt     time.Time // when to begin with that again
	poll        time.Duration
	drainedAt   time.Time // since when there are no entries; zero: there are
	failedAt    time.Time // since when the server has failed; zero: it has not
	warnedOnce  bool
	deletedOnce bool
	oftenOnce   bool
}

// Open makes the group of a stream where there is none, and returns a Consumer of it, which takes up to batch entries
// ahead. What the server does not allow or know is found now: the error is that of package resp. warn is called with
// what a user has to know later.
func Open(ctx context.Context, a Address, batch int, warn func(text string)) (*Consumer, error) {
	host, _ := os.Hostname() // only helps a reader of XINFO CONSUMERS
	a.Consumer = cmp.Or(a.Consumer, fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8]))
	c := &Consumer{client: resp.New(a.Server), address: a, batch: min(max(batch, 1), maxBatch), warn: warn,
		reading: make(chan struct{}, 1), told: make(chan struct{}, 1), closed: make(chan struct{}),
		held: make(map[string]struct{}), history: "0-0", claim: "0-0", poll: leastPoll}
	c.reading <- struct{}{}
	for began := time.Now(); ; {
		_, err := c.client.Eval(ctx, openScript, 1, 1, a.Stream, a.Group, checking, string(a.Delete))
		if err == nil {
			return c, nil
		}
		var refusal *resp.Refusal
		isLoading := errors.As(err, &refusal) && refusal.Code == "LOADING"
		if !isLoading || time.Since(began) > Patience || !sleep(ctx, retryPause/2, nil) {
			_ = c.client.Close() // err is the one to return
			return nil, err
		}
	}
}

// sleep waits, and reports whether neither ctx nor ended has ended by then.
func sleep(ctx context.Context, pause time.Duration, ended <-chan struct{}) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-ended:
	}
	return false
}

// SetName has the Consumer go by a name, under which an earlier process may have left entries: it takes them at once.
// It is called before Next, and no other process may have the name.
func (c *Consumer) SetName(name string) { c.address.Consumer = name }

// Stop has Next return io.EOF from now on.
func (c *Consumer) Stop() { c.once.Do(func() { close(c.closed) }) }

func (c *Consumer) isStopped() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// Next returns the next entry, and waits for it. The error is io.EOF after Stop, or once the group has nothing left
// that is new or pending, for Address.Wait; else that of a server that can't be used, or has failed for Patience.
func (c *Consumer) Next(ctx context.Context) (Entry, error) {
	for !c.isStopped() {
		if len(c.taken) > 0 {
			e := c.taken[0]
			c.taken = c.taken[1:]
			return e, nil
		}
		<-c.reading
		t, err := c.take(ctx)
		c.reading <- struct{}{}
		switch {
		case err != nil && ctx.Err() != nil:
			return Entry{}, context.Cause(ctx)
		case err != nil:
			if err := c.fail(err); err != nil {
				return Entry{}, err
			}
			sleep(ctx, retryPause, c.closed)
		case len(c.taken) > 0:
		case c.isDrained(t):
			return Entry{}, io.EOF
		default:
			sleep(ctx, c.poll, c.closed)
			c.poll = min(2*c.poll, mostPoll)
		}
	}
	return Entry{}, io.EOF
}

// take takes entries, and holds them.
func (c *Consumer) take(ctx context.Context) (taken, error) {
	if c.isStopped() {
		return taken{}, nil
	}
	if c.claim == "" && !time.Now().Before(c.claimAt) {
		c.claim = "0-0"
	}
	c.mu.Lock()
	c.late = make(map[string]struct{})
	c.mu.Unlock()
	a := &c.address
	bulk, err := c.client.Eval(ctx, takeScript, maxReply, 1, a.Stream, a.Group, a.Consumer, strconv.Itoa(c.batch),
		strconv.Itoa(takeBytes), strconv.Itoa(maxEntry), strconv.FormatInt(a.Idle.Milliseconds(), 10), c.history, c.claim,
		strconv.Itoa(manyDeliveries))
	if err != nil {
		return taken{}, err
	}
	t, err := parseTaken(bulk)
	if err != nil {
		return taken{}, fmt.Errorf("%w: %w", resp.ErrReply, err)
	}
	c.failedAt = time.Time{}
	if c.claim != "" && t.claim == "" {
		c.claimAt = time.Now().Add(a.Idle / 4)
	}
	c.history, c.claim = t.history, t.claim
	if known := c.hold(t.entries); t.own > known && c.history == "" { // a reply was lost
		c.history = "0-0"
	}
	c.tell(t)
	if len(c.taken) > 0 {
		c.poll, c.drainedAt = leastPoll, time.Time{}
	} else {
		c.claimAt = time.Time{} // nothing else is to be had: look for silent consumers with each poll
	}
	return t, nil
}

// tell warns of what is odd about the entries that were taken, of each kind once.
func (c *Consumer) tell(t taken) {
	if t.deleted > 0 && !c.deletedOnce {
		c.deletedOnce = true
		c.warn("entries were deleted from the stream before they were done: they are left out")
	}
	if t.often != "" && !c.oftenOnce {
		c.oftenOnce = true
		c.warn(fmt.Sprintf("the entry %s was delivered %d times or more and never done: if its request is what ends each "+
			"process, XACK %s %s %s gives it up", t.often, manyDeliveries, c.address.Stream, c.address.Group, t.often))
	}
}

// hold takes in the entries of a reply, but for those that are known. It returns how many may have been pending by
// then.
func (c *Consumer) hold(entries []Entry) (known int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range entries {
		_, isHeld := c.held[e.ID]
		if _, isLate := c.late[e.ID]; isHeld || isLate {
			continue
		}
		c.held[e.ID] = struct{}{}
		c.taken = append(c.taken, e)
	}
	known = len(c.held) + len(c.late)
	c.late = nil
	return known
}

// isDrained reports whether a group of which nothing could be taken has had nothing pending either, for long enough.
func (c *Consumer) isDrained(t taken) bool {
	if t.pending > 0 || c.isStopped() {
		c.drainedAt = time.Time{}
		return c.isStopped()
	}
	if c.drainedAt.IsZero() {
		c.drainedAt = time.Now()
	}
	return c.address.Wait >= 0 && time.Since(c.drainedAt) >= c.address.Wait
}

// fail takes in an error of the server. It returns one that ends Next.
func (c *Consumer) fail(err error) error {
	var refusal *resp.Refusal
	if errors.As(err, &refusal) && !refusal.IsPassing() || errors.Is(err, resp.ErrReply) {
		return err
	}
	c.history = "0-0" // its reply may have had entries
	if c.failedAt.IsZero() {
		c.failedAt = time.Now()
	}
	if time.Since(c.failedAt) > Patience {
		return fmt.Errorf("it has failed for %s: %w", Patience, err)
	}
	if !c.warnedOnce {
		c.warnedOnce = true
		c.warn("the queue does not work, and is called again for " + Patience.String() + ": " + err.Error())
	}
	return nil
}
