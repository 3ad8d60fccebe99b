package workqueue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Acknowledge has Keep tell the server that entries are done. It does not wait for it.
func (c *Consumer) Acknowledge(ids []string) {
	c.mu.Lock()
	c.acks = append(c.acks, ids...)
	c.mu.Unlock()
	select {
	case c.told <- struct{}{}:
	default:
	}
}

// Keep renews the entries that are held, and acknowledges those that are done, until ctx ends. It calls Stop at the end
// of drain.
func (c *Consumer) Keep(ctx context.Context, drain <-chan struct{}) {
	beat := time.NewTicker(c.address.Idle / 3)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-drain:
			drain = nil // a nil channel blocks: it is seen once
			c.Stop()
		case <-c.told:
			err = c.acknowledge(ctx)
		case <-beat.C:
			err = errors.Join(c.acknowledge(ctx), c.renew(ctx))
		}
		if err != nil && sleep(ctx, retryPause, nil) {
			select { // again
			case c.told <- struct{}{}:
			default:
			}
		}
	}
}

// acknowledge tells the server of entries that are done, and holds them no longer.
func (c *Consumer) acknowledge(ctx context.Context) error {
	for {
		c.mu.Lock()
		ids := c.acks[:min(len(c.acks), maxIDs)]
		c.mu.Unlock()
		if len(ids) == 0 {
			return nil
		}
		a := &c.address
		words := append([]string{a.Stream, a.Group, string(a.Delete)}, ids...)
		if _, err := c.client.Eval(ctx, ackScript, 1, 1, words...); err != nil {
			return err
		}
		c.mu.Lock()
		for _, id := range ids {
			if delete(c.held, id); c.late != nil {
				c.late[id] = struct{}{}
			}
		}
		c.acks = c.acks[len(ids):]
		c.mu.Unlock()
	}
}

// renew has the entries of this consumer count as those of a living one.
func (c *Consumer) renew(ctx context.Context) error {
	for first := "-"; ; {
		ids, err := c.client.Eval(ctx, keepScript, maxReply, 1, c.address.Stream, c.address.Group, c.address.Consumer, first,
			strconv.Itoa(maxIDs))
		if err != nil {
			return err
		}
		all := strings.Fields(string(ids))
		if len(all) < maxIDs {
			return nil
		}
		first = "(" + all[len(all)-1]
	}
}

// Unacknowledged is the error of Close for entries that are done, and that the server does not know to be.
type Unacknowledged struct {
	Count int
	Err   error
}

func (e *Unacknowledged) Error() string {
	return fmt.Sprintf("%d entries are done and could not be acknowledged, so that they come again: %v", e.Count, e.Err)
}

// Unwrap returns the error of the server.
func (e *Unacknowledged) Unwrap() error { return e.Err }

// closeTimeout bounds how long Close waits for the server.
const closeTimeout = 5 * time.Second

// Close acknowledges what is done, hands the other entries back, and closes the connections. Keep has to have ended.
// The error is an *Unacknowledged.
func (c *Consumer) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	c.Stop()
	err := c.acknowledge(ctx)
	for err != nil && sleep(ctx, retryPause/4, nil) {
		err = c.acknowledge(ctx)
	}
	select {
	case <-c.reading: // no call takes entries any more
		c.leave(ctx)
	case <-ctx.Done(): // the others wait for Idle
	}
	_ = c.client.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && len(c.acks) > 0 {
		return &Unacknowledged{len(c.acks), err}
	}
	return nil
}

// leave hands back what is pending. Where that fails, others take it after Idle.
func (c *Consumer) leave(ctx context.Context) {
	for {
		left, err := c.client.Eval(ctx, leaveScript, maxReply, 1, c.address.Stream, c.address.Group, c.address.Consumer,
			returned, strconv.Itoa(maxIDs))
		if err != nil || string(left) == "0" {
			return
		}
	}
}
