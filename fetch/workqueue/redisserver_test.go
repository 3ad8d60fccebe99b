package workqueue

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"batchfetch/fetch/nettest"
	"batchfetch/fetch/resp"
)

// ampleTime is for what takes no time, on a machine that has little.
const ampleTime = time.Minute

// startRedis starts a redis-server, and returns its address and a client of it. The test is skipped where there is
// none.
func startRedis(t *testing.T, arguments ...string) (addr string, direct *redis.Client) {
	t.Helper()
	server := nettest.StartRedis(t, "", arguments...)
	return server.Addr, server.Client(t, 0)
}

// address returns an Address of a stream at a server.
func address(addr string) Address {
	return Address{Server: resp.Config{Addr: addr, Timeout: ampleTime, Conns: 3}, Stream: "jobs", Group: "pull",
		Idle: time.Hour}
}

// A worker is a Consumer that is kept.
type worker struct {
	*Consumer
	warnings chan string
	leave    func() error // Close
	die      func()       // without Close
}

// open returns a worker, which is closed after the test.
func open(t *testing.T, a Address) *worker {
	t.Helper()
	warnings := make(chan string, 100)
	c, err := Open(t.Context(), a, 10, func(text string) { warnings <- text })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var keeping sync.WaitGroup
	keeping.Go(func() { c.Keep(ctx, nil) })
	w := &worker{Consumer: c, warnings: warnings}
	w.die = func() { cancel(); keeping.Wait(); _ = c.client.Close() }
	var once sync.Once
	w.leave = func() (err error) {
		once.Do(func() {
			cancel()
			keeping.Wait()
			err = c.Close(context.Background())
		})
		return err
	}
	t.Cleanup(func() { _ = w.leave() })
	return w
}

// next returns the next entry.
func next(t *testing.T, c *worker) Entry {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), ampleTime)
	defer cancel()
	e, err := c.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// add adds entries with a field n, from first to before end.
func add(t *testing.T, direct *redis.Client, first, end int) {
	t.Helper()
	for n := first; n < end; n++ {
		if err := direct.XAdd(t.Context(), &redis.XAddArgs{Stream: "jobs", Values: []any{"n", n}}).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// awaitPending waits until so many entries are pending in the group.
func awaitPending(t *testing.T, direct *redis.Client, want int64) {
	t.Helper()
	for deadline := time.Now().Add(ampleTime); ; time.Sleep(10 * time.Millisecond) {
		pending, err := direct.XPending(t.Context(), "jobs", "pull").Result()
		if err != nil {
			t.Fatal(err)
		}
		if pending.Count == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d entries are pending, want %d", pending.Count, want)
		}
	}
}

// pendingOf returns the entries that are pending for a worker.
func pendingOf(t *testing.T, direct *redis.Client, w *worker) []redis.XPendingExt {
	t.Helper()
	pending, err := direct.XPendingExt(t.Context(), &redis.XPendingExtArgs{Stream: "jobs", Group: "pull", Start: "-",
		End: "+", Count: 100, Consumer: w.address.Consumer}).Result()
	if err != nil || len(pending) == 0 {
		t.Fatalf("%d entries are pending, %v", len(pending), err)
	}
	return pending
}

// longIdle is longer than the Idle of address.
const longIdle = 2 * time.Hour

// age has the entries of workers be as old as though they had not been renewed for longIdle.
func age(t *testing.T, direct *redis.Client, workers ...*worker) {
	t.Helper()
	for _, w := range workers {
		words := []any{"XCLAIM", "jobs", "pull", w.address.Consumer, 0}
		for _, p := range pendingOf(t, direct, w) {
			words = append(words, p.ID)
		}
		words = append(words, "IDLE", longIdle.Milliseconds(), "JUSTID")
		if err := direct.Do(t.Context(), words...).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// awaitRenewal waits until a worker has renewed its entries.
func awaitRenewal(t *testing.T, direct *redis.Client, w *worker) {
	t.Helper()
	nettest.Eventually(t, "a renewal", func() bool {
		return !slices.ContainsFunc(pendingOf(t, direct, w), func(p redis.XPendingExt) bool { return p.Idle >= longIdle })
	})
}
