package workqueue

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"batchfetch/fetch/resp"
)

// TestConsume: each entry comes once, to one of several consumers, with its fields as they are; what is acknowledged is
// deleted, and with the last of it Next ends for all.
func TestConsume(t *testing.T) {
	addr, direct := startRedis(t)
	odd := "\x00\xff\r\n:3 'π"
	direct.XAdd(t.Context(), &redis.XAddArgs{Stream: "jobs", Values: []any{"n", odd, "", ""}})
	add(t, direct, 1, 100)
	one, other := open(t, address(addr)), open(t, address(addr))
	seen := map[string]bool{}
	for i := range 100 {
		w := []*worker{one, other}[i%2]
		e := next(t, w)
		if len(e.Fields) < 2 || seen[e.Fields[1]] {
			t.Fatalf("%v is no entry, or there twice", e)
		}
		if seen[e.Fields[1]] = true; e.Fields[1] == odd && (len(e.Fields) != 4 || e.Fields[2]+e.Fields[3] != "") {
			t.Errorf("%q", e.Fields)
		}
		w.Acknowledge([]string{e.ID})
	}
	for _, w := range []*worker{one, other} {
		if _, err := w.Next(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("%v at the end", err)
		}
	}
	if left := direct.XLen(t.Context(), "jobs").Val(); left != 0 || !seen[odd] || len(seen) != 100 {
		t.Errorf("%d of %d entries are left", left, len(seen))
	}
	for _, w := range []*worker{one, other} {
		if err := w.leave(); err != nil {
			t.Error(err)
		}
	}
	if consumers := direct.XInfoConsumers(t.Context(), "jobs", "pull").Val(); len(consumers) != 0 {
		t.Errorf("%v are left of the consumers", consumers)
	}
}

// TestNextWaits: while another consumer has entries Next does not end, and gets them where that one hands them back.
func TestNextWaits(t *testing.T) {
	addr, direct := startRedis(t)
	add(t, direct, 0, 3)
	one, other := open(t, address(addr)), open(t, address(addr))
	done := next(t, one)
	got := make(chan Entry)
	go func() {
		defer close(got)
		for {
			e, err := other.Next(t.Context())
			if err != nil {
				return
			}
			got <- e
			other.Acknowledge([]string{e.ID})
		}
	}()
	one.Acknowledge([]string{done.ID})
	awaitPending(t, direct, 2)
	select {
	case e := <-got:
		t.Fatalf("%v came to a second consumer", e)
	case <-time.After(3 * leastPoll):
	}
	if err := one.leave(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if e, open := <-got; !open || e.ID == done.ID {
			t.Fatalf("%v came back", e)
		}
	}
	if e, open := <-got; open {
		t.Errorf("%v came again", e)
	}
}

// TestDeadConsumer: what a dead one had comes to another one after Idle, and what a living one has does not.
func TestDeadConsumer(t *testing.T) {
	t.Parallel()
	addr, direct := startRedis(t)
	add(t, direct, 0, 30)
	often := address(addr)
	often.Idle = leastIdle
	alive, dead, other := open(t, often), open(t, address(addr)), open(t, address(addr))
	kept := next(t, alive) // and nine more, which it renews
	next(t, dead)
	dead.die()
	age(t, direct, dead, alive)
	awaitRenewal(t, direct, alive)
	held := map[string]bool{}
	for range 20 { // ten that are new, and the ten of the dead
		e := next(t, other)
		if held[e.ID] || e.ID == kept.ID {
			t.Fatalf("%s came again", e.ID)
		}
		held[e.ID] = true
	}
	age(t, direct, alive)
	awaitRenewal(t, direct, alive)
	other.claim = "0-0" // looks for silent ones at once
	if _, err := other.take(t.Context()); err != nil || len(other.taken) > 0 {
		t.Errorf("%v: %v of a living consumer came", err, other.taken)
	}
}

// TestManyDeliveries: a user is told of an entry with which one consumer after another has ended.
func TestManyDeliveries(t *testing.T) {
	addr, direct := startRedis(t)
	add(t, direct, 0, 1)
	id := next(t, open(t, address(addr))).ID
	for count := 2; count <= manyDeliveries; count++ {
		silent := []any{"XCLAIM", "jobs", "pull", "silent", "0", id, "IDLE", "864000000", "JUSTID"}
		if err := direct.Do(t.Context(), silent...).Err(); err != nil {
			t.Fatal(err)
		}
		w := open(t, address(addr))
		if e := next(t, w); e.ID != id {
			t.Fatal(e)
		}
		if told := len(w.warnings) > 0; told != (count == manyDeliveries) {
			t.Errorf("told is %t at delivery %d", told, count)
		}
	}
}

// TestName: a consumer with the name of a dead one gets its entries at once.
func TestName(t *testing.T) {
	addr, direct := startRedis(t)
	add(t, direct, 0, 3)
	a := address(addr)
	a.Consumer = "one"
	dead := open(t, a)
	had := next(t, dead)
	dead.die()
	again := open(t, address(addr))
	again.SetName("one")
	if e := next(t, again); e.ID != had.ID {
		t.Errorf("%v is the first, not %v", e, had)
	}
}

// TestLostReply: entries whose reply was lost with the connection come again, and those that are held do not.
func TestLostReply(t *testing.T) {
	addr, direct := startRedis(t)
	a := address(addr)
	a.Consumer = "one"
	w := open(t, a)
	add(t, direct, 0, 2)
	first := next(t, w)
	second := next(t, w)
	add(t, direct, 2, 4)
	lost, err := direct.XReadGroup(t.Context(), &redis.XReadGroupArgs{Group: "pull", Consumer: "one",
		Streams: []string{"jobs", ">"}}).Result()
	if err != nil || len(lost[0].Messages) != 2 {
		t.Fatal(lost, err)
	}
	w.Acknowledge([]string{second.ID})
	for _, want := range lost[0].Messages {
		if e := next(t, w); e.ID != want.ID || e.ID == first.ID {
			t.Errorf("%s, want %s", e.ID, want.ID)
		}
	}
}

// TestConnectionLost: what is done meanwhile is acknowledged once the server is back, and the others do not come again.
func TestConnectionLost(t *testing.T) {
	addr, direct := startRedis(t)
	w := open(t, address(addr))
	add(t, direct, 0, 2)
	first := next(t, w)
	direct.ConfigSet(t.Context(), "requirepass", "s3cret") // each call is refused from now on
	for _, kind := range []string{"normal"} {
		direct.Do(t.Context(), "AUTH", "s3cret")
		direct.Do(t.Context(), "CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
	}
	w.Acknowledge([]string{first.ID})
	direct = redis.NewClient(&redis.Options{Addr: addr, Password: "s3cret"})
	defer func() { _ = direct.Close() }()
	direct.ConfigSet(t.Context(), "requirepass", "")
	awaitPending(t, direct, 1)
	if e := next(t, w); e.ID == first.ID {
		t.Error("it came again")
	}
}

// TestEntries: entries that are too long come without their fields, and those that were deleted do not come.
func TestEntries(t *testing.T) {
	addr, direct := startRedis(t)
	long := strings.Repeat("x", maxEntry)
	direct.XAdd(t.Context(), &redis.XAddArgs{Stream: "jobs", Values: []any{"n", long}})
	for range 5 { // more than takeBytes
		direct.XAdd(t.Context(), &redis.XAddArgs{Stream: "jobs", Values: []any{"n", long[:1<<20]}})
	}
	w := open(t, address(addr))
	if e := next(t, w); !e.TooLong || len(e.Fields) > 0 {
		t.Errorf("%s of %d fields", e.ID, len(e.Fields))
	}
	if e := next(t, w); len(e.Fields) != 2 || len(e.Fields[1]) != 1<<20 || len(w.taken) > 0 {
		t.Errorf("%s of %d fields, and %d more are held", e.ID, len(e.Fields), len(w.taken))
	}
	w.die()
	for _, e := range direct.XRange(t.Context(), "jobs", "-", "+").Val() {
		direct.XDel(t.Context(), "jobs", e.ID)
	}
	a := address(addr)
	a.Consumer = w.address.Consumer
	again := open(t, a)
	if e, err := again.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("%v, %v after all was deleted", e.ID, err)
	}
	if len(again.warnings) != 1 {
		t.Errorf("%d warnings", len(again.warnings))
	}
}

// TestDelete: entries that are done stay where another group is to have them, or it was said so.
func TestDelete(t *testing.T) {
	for name, tt := range map[string]struct {
		groups int
		delete Deletion
		want   int64
	}{
		"one group": {0, DeleteOwn, 0}, "two groups": {1, DeleteOwn, 1}, "two groups, always": {1, DeleteAlways, 0},
		"never": {0, DeleteNever, 1},
	} {
		t.Run(name, func(t *testing.T) {
			addr, direct := startRedis(t)
			for range tt.groups {
				direct.XGroupCreateMkStream(t.Context(), "jobs", "other", "0")
			}
			add(t, direct, 0, 1)
			a := address(addr)
			a.Delete = tt.delete
			w := open(t, a)
			w.Acknowledge([]string{next(t, w).ID})
			awaitPending(t, direct, 0)
			if err := w.leave(); err != nil {
				t.Fatal(err)
			}
			if left := direct.XLen(t.Context(), "jobs").Val(); left != tt.want {
				t.Errorf("%d entries are left, want %d", left, tt.want)
			}
		})
	}
}

// TestDeleteForLaterGroup: what is done when another group is there stays for that, though it came later.
func TestDeleteForLaterGroup(t *testing.T) {
	addr, direct := startRedis(t)
	add(t, direct, 0, 2)
	w := open(t, address(addr))
	first, second := next(t, w).ID, next(t, w).ID
	w.Acknowledge([]string{first})
	awaitPending(t, direct, 1)
	direct.XGroupCreate(t.Context(), "jobs", "other", "0")
	w.Acknowledge([]string{second})
	awaitPending(t, direct, 0)
	if left := direct.XRange(t.Context(), "jobs", "-", "+").Val(); len(left) != 1 || left[0].ID != second {
		t.Errorf("the stream still has %v, want %s", left, second)
	}
}

// TestOpenRefused: what a server does not know or allow is found when it is opened, in words of ours.
func TestOpenRefused(t *testing.T) {
	refused := func(t *testing.T, a Address, want string) {
		t.Helper()
		_, err := Open(t.Context(), a, 1, func(string) {})
		var refusal *resp.Refusal
		if !errors.As(err, &refusal) || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	t.Run("old", func(t *testing.T) {
		addr, _ := startRedis(t, "--rename-command", "XAUTOCLAIM", "")
		refused(t, address(addr), "it does not know a command of Redis 6.2")
	})
	t.Run("rights", func(t *testing.T) {
		addr, direct := startRedis(t)
		all := strings.Fields("+xgroup +xreadgroup +xautoclaim +xclaim +xpending +xack +xinfo +xdel +eval +evalsha")
		a := address(addr)
		a.Server.Username, a.Server.Password = "poor", "s3cret"
		for i := range all {
			setUser := []any{"ACL", "SETUSER", "poor", "reset", "on", ">s3cret", "~jobs*"}
			for j, right := range all {
				if j != i {
					setUser = append(setUser, right)
				}
			}
			if err := direct.Do(t.Context(), setUser...).Err(); err != nil {
				t.Fatal(err)
			}
			if all[i] == "+evalsha" || all[i] == "+eval" {
				direct.ScriptFlush(t.Context())
			}
			refused(t, a, "it does not allow this user to do so")
		}
		direct.Do(t.Context(), "ACL", "SETUSER", "poor", "reset", "on", ">s3cret", "~other*", "+@all")
		refused(t, a, "it does not allow this user to do so")
	})
	t.Run("replica", func(t *testing.T) {
		addr, direct := startRedis(t)
		direct.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1")
		refused(t, address(addr), "it is a replica, and takes no writes")
	})
	t.Run("type", func(t *testing.T) {
		addr, direct := startRedis(t)
		direct.Set(t.Context(), "jobs", "s3cret", 0)
		refused(t, address(addr), "the key has a value of another type")
	})
	t.Run("memory", func(t *testing.T) {
		addr, direct := startRedis(t)
		direct.ConfigSet(t.Context(), "maxmemory", "1")
		refused(t, address(addr), "it has no memory left")
	})
}

// TestGroupGone: Next ends where the stream or its group was deleted.
func TestGroupGone(t *testing.T) {
	for _, how := range []string{"DEL jobs", "XGROUP DESTROY jobs pull"} {
		addr, direct := startRedis(t)
		add(t, direct, 0, 1)
		a := address(addr)
		a.Wait = -1
		w := open(t, a)
		next(t, w)
		var words []any
		for word := range strings.FieldsSeq(how) {
			words = append(words, word)
		}
		direct.Do(t.Context(), words...)
		_, err := w.Next(t.Context())
		var refusal *resp.Refusal
		if !errors.As(err, &refusal) || refusal.Code != "NOGROUP" {
			t.Errorf("%s: %v", how, err)
		}
	}
}

// TestParseTaken: a reply that the script does not give is an error.
func TestParseTaken(t *testing.T) {
	head := "0:3:5-11:51:21:03:1-0"
	good := head + "3:1-01:21:a1:b" + "3:2-02:-1" + "3:3-01:0"
	got, err := parseTaken([]byte(good))
	if err != nil || fmt.Sprint(got) != "{ 5-1 5 2 0 1-0 [{1-0 [a b] false} {2-0 [] true} {3-0 [] false}]}" {
		t.Errorf("%v, %v", got, err)
	}
	for i := range good {
		if i == len(head) || i == len(head)+len("3:1-01:21:a1:b") || i == len(good)-len("3:3-01:0") {
			continue // it ends behind an entry
		}
		if got, err := parseTaken([]byte(good[:i])); err == nil {
			t.Errorf("%q: %v", good[:i], got)
		}
	}
	for _, bad := range []string{head + "1:x1:0", head + "3:1-01:3", head + "3:1-01:11:a", head + "3:1-09:999999999",
		head + "3:1-02:-2", "-1:", "0:3:5-11:51:21:02:no", "99999999999999999999:"} {
		if got, err := parseTaken([]byte(bad)); err == nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
}

// FuzzParseTaken: no reply makes it take more memory than the reply has.
func FuzzParseTaken(f *testing.F) {
	f.Add([]byte("0:3:5-11:51:21:00:3:1-01:21:a1:b"))
	f.Fuzz(func(t *testing.T, bulk []byte) {
		got, err := parseTaken(bulk)
		size := 0
		for _, e := range got.entries {
			size += len(e.ID) + len(strings.Join(e.Fields, ""))
		}
		if size > len(bulk) || err != nil && got.entries != nil {
			t.Errorf("%q: %v, %v", bulk, got, err)
		}
	})
}
