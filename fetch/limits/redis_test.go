package limits_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"batchfetch/fetch/limits"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/plan"
	"batchfetch/fetch/resp"
)

// startRedis starts a redis-server, and returns its address and a client of it. The test is skipped where there is
// none.
func startRedis(t *testing.T, arguments ...string) (addr string, direct *redis.Client) {
	t.Helper()
	server := nettest.StartRedis(t, "", arguments...)
	return server.Addr, server.Client(t, 0)
}

// open returns a Redis as of one more process.
func open(t *testing.T, addr string) *limits.Redis {
	r := limits.OpenRedis(resp.Config{Addr: addr, Timeout: time.Minute, Conns: 2})
	t.Cleanup(func() { r.Close(context.Background()) })
	return r
}

// ask asks for one lane.
func ask(t *testing.T, r *limits.Redis, a plan.Ask) plan.Grant {
	t.Helper()
	grants, err := r.Ask(t.Context(), []plan.Ask{a})
	if err != nil {
		t.Fatal(err)
	}
	return grants[0]
}

const distance = 5100 * time.Microsecond

// starts is an Ask for so many starts of a host, and for one exchange at once.
func starts(n int, more ...plan.SharedLimit) plan.Ask {
	own := plan.SharedLimit{Name: "host http://a.example", Distance: distance, Width: 8, Wanted: 1}
	return plan.Ask{Host: "http://a.example", Starts: n, Limits: append([]plan.SharedLimit{own}, more...)}
}

// TestStartsOfProcesses: whoever asks, no two starts are nearer than their distance, and few are lost.
func TestStartsOfProcesses(t *testing.T) {
	addr, _ := startRedis(t)
	processes := []*limits.Redis{open(t, addr), open(t, addr), open(t, addr), open(t, addr)}
	var stamps []int64
	for round := 0; len(stamps) < 200; round++ {
		g := ask(t, processes[round%4], starts(20))
		for _, slot := range g.Slots {
			stamps = append(stamps, slot.Stamp)
		}
		if len(g.Slots) == 0 && g.Again.IsZero() {
			t.Fatal("neither a start nor when to ask again")
		}
		time.Sleep(time.Until(g.Again))
	}
	for i := range stamps[1:] {
		if between := stamps[i+1] - stamps[i]; between < distance.Microseconds() {
			t.Fatalf("start %d is %d us after the one before", i+1, between)
		}
	}
}

// TestStartsAreGivenBack: the starts that one does not use are those of the next one; what came late moves them.
func TestStartsAreGivenBack(t *testing.T) {
	addr, _ := startRedis(t)
	one, other := open(t, addr), open(t, addr)
	first := ask(t, one, starts(10)).Slots
	back := starts(0)
	back.Unused, back.Last = first[4].Stamp, first[9].Stamp
	ask(t, one, back)
	late := starts(1)
	if got := ask(t, other, late).Slots[0].Stamp; got != first[4].Stamp {
		t.Errorf("the start that was given back was granted %d us later", got-first[4].Stamp)
	}
	late.Late, late.LateStarts = 30*time.Millisecond, 2
	want := first[4].Stamp + 3*distance.Microseconds()
	if got := ask(t, other, late).Slots[0].Stamp; got != want {
		t.Errorf("after two late starts the next is %d us later than it should be", got-want)
	}
}

// TestStartsWithinSeveralLimits: a start has a time that all its limits have free, and one that waits for its host
// keeps the others from no start.
func TestStartsWithinSeveralLimits(t *testing.T) {
	addr, _ := startRedis(t)
	r := open(t, addr)
	all := plan.SharedLimit{Name: "all", Distance: time.Millisecond}
	first := ask(t, r, starts(5, all))
	if len(first.Slots) != 1 || first.Again.IsZero() {
		t.Fatalf("%d starts at once, again at %v: the rest would hold up other hosts", len(first.Slots), first.Again)
	}
	other := starts(1, all)
	other.Limits[0].Name = "host http://b.example"
	if got := ask(t, r, other).Slots[0].Stamp - first.Slots[0].Stamp; got < 1000 {
		t.Errorf("%d us between two starts of all", got)
	}
	slow := plan.SharedLimit{Name: "slow", Distance: time.Hour}
	third := starts(5, slow)
	third.Limits[0].Name = "host http://c.example"
	if got := len(ask(t, r, third).Slots); got != 1 {
		t.Errorf("%d starts in an hour", got)
	}
	if got := ask(t, r, third); len(got.Slots) != 0 || time.Until(got.Again) < time.Minute {
		t.Errorf("%d more starts in that hour, again at %v", len(got.Slots), got.Again)
	}
}

// TestServerLosesItsMemory: what was granted before is waited for.
func TestServerLosesItsMemory(t *testing.T) {
	addr, direct := startRedis(t)
	r := open(t, addr)
	before := ask(t, r, starts(20)).Slots
	direct.FlushAll(t.Context())
	direct.ScriptFlush(t.Context())
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		after := ask(t, r, starts(1)).Slots
		if len(after) > 0 && after[0].Stamp < before[19].Stamp+distance.Microseconds() {
			t.Errorf("a start %d us before the last one", before[19].Stamp-after[0].Stamp)
		}
		if len(after) > 0 || time.Now().After(deadline) {
			return
		}
	}
}

// width is an Ask for exchanges at once.
func width(active, wanted int) plan.Ask {
	return plan.Ask{Limits: []plan.SharedLimit{{Name: "w", Width: 8, Active: active, Wanted: wanted}}}
}

// TestWidths: together they are never more than the limit, a newcomer gets its part as it gets free, and what a process
// that is dead held is given back.
func TestWidths(t *testing.T) {
	addr, direct := startRedis(t)
	one, other := open(t, addr), open(t, addr)
	expect := func(r *limits.Redis, active, wanted, want int) {
		t.Helper()
		if got := ask(t, r, width(active, wanted)).Widths[0]; got != want {
			t.Errorf("%d active, %d more wanted: width %d, want %d", active, wanted, got, want)
		}
	}
	expect(one, 0, 20, 8)
	expect(other, 0, 20, 0)
	expect(one, 8, 20, 4)
	expect(other, 0, 20, 0) // eight are under way
	expect(one, 5, 20, 4)
	expect(other, 0, 20, 3)
	expect(one, 4, 20, 4)
	expect(other, 3, 20, 4)
	expect(one, 0, 0, 0)
	expect(other, 4, 20, 8)

	keys, err := direct.Keys(t.Context(), "batchfetch:{limits}:1:p:*").Result()
	if err != nil || len(keys) != 2 {
		t.Fatalf("%d processes: %v", len(keys), err)
	}
	for _, key := range keys {
		if left := direct.PTTL(t.Context(), key).Val(); left <= 0 || left > 10*time.Second {
			t.Errorf("a process counts as alive for %s", left)
		}
	}
	direct.Del(t.Context(), keys...) // as they expire
	expect(one, 0, 20, 8)
}

// TestWidthInTurn: where fewer may be under way than there are processes, each gets its turn.
func TestWidthInTurn(t *testing.T) {
	addr, _ := startRedis(t)
	single := func(active int) plan.Ask {
		return plan.Ask{Limits: []plan.SharedLimit{{Name: "w", Width: 1, Active: active, Wanted: 5}}}
	}
	processes := []*limits.Redis{open(t, addr), open(t, addr), open(t, addr)}
	had := make([]bool, 3)
	for deadline := time.Now().Add(time.Minute); slices.Contains(had, false); time.Sleep(20 * time.Millisecond) {
		total := 0
		for i, r := range processes {
			if w := ask(t, r, single(0)).Widths[0]; w > 0 {
				had[i] = true
				total += w
			}
		}
		if total > 1 {
			t.Fatalf("%d at once", total)
		}
		if time.Now().After(deadline) {
			t.Fatalf("who had a turn: %v", had)
		}
	}
}

// TestHold: what one process has met holds the host for all.
func TestHold(t *testing.T) {
	addr, direct := startRedis(t)
	one, other := open(t, addr), open(t, addr)
	met := starts(0)
	met.Limits[0].Hold = time.Hour
	ask(t, one, met)
	g := ask(t, other, starts(3))
	if left := time.Until(g.HeldUntil); len(g.Slots) != 0 || left < 59*time.Minute || left > 61*time.Minute {
		t.Errorf("%d starts, held for %s", len(g.Slots), left)
	}
	for _, key := range direct.Keys(t.Context(), "*").Val() {
		if left := direct.PTTL(t.Context(), key).Val(); left <= 0 || left > 2*time.Hour {
			t.Errorf("%s lives for %s", key, left)
		}
		if strings.Contains(key, "example") {
			t.Errorf("a host is in the key %s", key)
		}
	}
}

// TestForeignServers: what a server of another kind or state answers is an error in words of ours.
func TestForeignServers(t *testing.T) {
	addr, direct := startRedis(t)
	r := open(t, addr)
	ask(t, r, starts(1))
	for _, key := range direct.Keys(t.Context(), "*").Val() {
		direct.Set(t.Context(), key, "s3cret", 0)
	}
	refused := func(want string) {
		t.Helper()
		_, err := r.Ask(t.Context(), []plan.Ask{starts(1)})
		var refusal *resp.Refusal
		if !errors.As(err, &refusal) || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	refused("the key has a value of another type")
	direct.FlushAll(t.Context())
	ask(t, r, starts(1)) // it comes back
	direct.ConfigSet(t.Context(), "maxmemory", "1")
	refused("it has no memory left")
	direct.ConfigSet(t.Context(), "maxmemory", "0")
	ask(t, r, starts(1))
	direct.ScriptFlush(t.Context())
	ask(t, r, starts(1)) // the script is sent again
	direct.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1")
	refused("it is a replica, and takes no writes")
	direct.Do(t.Context(), "REPLICAOF", "NO", "ONE")
	ask(t, r, starts(1))
	direct.ConfigSet(t.Context(), "requirepass", "s3cret")
	r = open(t, addr)
	refused("it wants a password")
}
