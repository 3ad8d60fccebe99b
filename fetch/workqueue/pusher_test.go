package workqueue

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"batchfetch/fetch/resp"
)

// fieldsOf returns n Fields.
func fieldsOf(n int) (all []Field) {
	for i := range n {
		all = append(all, Field{"n", strconv.Itoa(i)})
	}
	return all
}

// TestPush: entries are there in their order, a call that is made twice adds them once, and nothing else is left.
func TestPush(t *testing.T) {
	addr, direct := startRedis(t)
	p := OpenPusher(address(addr), 0, func(string) {})
	for range 2 {
		if err := p.Add(t.Context(), fieldsOf(100), nil); err != nil {
			t.Fatal(err)
		}
	}
	p.calls-- // as after a reply that was lost
	if err := p.Add(t.Context(), fieldsOf(100), nil); err != nil {
		t.Fatal(err)
	}
	p.Close(t.Context())
	all := direct.XRange(t.Context(), "jobs", "-", "+").Val()
	if len(all) != 200 {
		t.Fatalf("%d entries", len(all))
	}
	for i, e := range all {
		if e.Values["n"] != strconv.Itoa(i%100) {
			t.Fatalf("entry %d is %v", i, e)
		}
	}
	if keys := direct.Keys(t.Context(), "*").Val(); len(keys) != 1 {
		t.Errorf("%q are left", keys)
	}
}

// TestPushFull: the stream has never more entries than it may, and push goes on as some are done.
func TestPushFull(t *testing.T) {
	addr, direct := startRedis(t)
	warnings := make(chan string, 10)
	p := OpenPusher(address(addr), 150, func(text string) { warnings <- text })
	defer p.Close(t.Context())
	if err := p.Add(t.Context(), fieldsOf(100), nil); err != nil {
		t.Fatal(err)
	}
	added := make(chan error)
	go func() { added <- p.Add(t.Context(), fieldsOf(100), nil) }()
	<-warnings
	if n := direct.XLen(t.Context(), "jobs").Val(); n != 100 {
		t.Errorf("%d entries", n)
	}
	direct.XTrimMaxLen(t.Context(), "jobs", 50)
	if err := <-added; err != nil {
		t.Error(err)
	}
	stopped := make(chan struct{})
	time.AfterFunc(leastPoll, func() { close(stopped) })
	if err := p.Add(t.Context(), fieldsOf(100), stopped); !errors.Is(err, ErrStopped) {
		t.Error(err)
	}
	if n := direct.XLen(t.Context(), "jobs").Val(); n != 150 || len(warnings) != 0 {
		t.Errorf("%d entries, %d more warnings", n, len(warnings))
	}
}

// TestPushRefused: what a server does not take is an error, and one that has no memory is called again.
func TestPushRefused(t *testing.T) {
	addr, direct := startRedis(t)
	direct.Set(t.Context(), "jobs", "x", 0)
	warnings := make(chan string, 10)
	p := OpenPusher(address(addr), 0, func(text string) { warnings <- text })
	defer p.Close(t.Context())
	var refusal *resp.Refusal
	if err := p.Add(t.Context(), fieldsOf(1), nil); !errors.As(err, &refusal) || refusal.Code != "WRONGTYPE" {
		t.Error(err)
	}
	direct.Del(t.Context(), "jobs")
	direct.ConfigSet(t.Context(), "maxmemory", "1")
	added := make(chan error)
	go func() { added <- p.Add(t.Context(), fieldsOf(3), nil) }()
	if text := <-warnings; text == "" {
		t.Error("no warning")
	}
	direct.ConfigSet(t.Context(), "maxmemory", "0")
	if err := <-added; err != nil || direct.XLen(t.Context(), "jobs").Val() != 3 {
		t.Errorf("%v, %d entries", err, direct.XLen(t.Context(), "jobs").Val())
	}
}
