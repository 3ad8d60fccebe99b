package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errRefusedDial = failf(Connect, "connecting to a:80: connection refused")

func silent() Verdict { return Verdict{Health: Silent, Failure: errRefusedDial} }

// dead lands every flight to host as one that brought no answer, until the plan starts nothing more at once.
func (d *drive) dead(host string) {
	d.t.Helper()
	for d.start(); len(d.flights) > 0; d.start() {
		d.land(host, silent())
	}
}

// TestDeadHostIsProbedThenGivenUp: thirty in a row, then one after 1 s, 2 s and 4 s, each alone; then nothing is asked any more.
func TestDeadHostIsProbedThenGivenUp(t *testing.T) {
	d := newDrive(t, nil)
	d.ask(100, "a")
	d.dead("a")
	if got := d.lanes["a"].waits(); got != 61 { // nine flew when the thirtieth failed
		t.Fatalf("%d of 100 wait", got)
	}
	d.heldBy(LimitPausedHosts)
	for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		d.waits("for the probe", wait)
		d.pass(wait)
		d.wants("a single probe", "a")
		d.heldBy(LimitPausedHosts)
		d.pass(10 * time.Second)
		d.wants("nothing beside it", "")
		d.land("a", silent())
	}
	if lost := strings.Fields(d.start()); len(lost) != 50 { // as many as there are places
		t.Fatalf("%d end at once", len(lost))
	}
	const want = "not asked: 30 exchanges in a row and 3 probes after them brought no answer from the host, the last one so: connecting to a:80: connection refused"
	for _, f := range d.flights {
		if f.lost == nil || f.lost.Kind != HostDown || f.lost.Error() != want || !errors.Is(f.lost, errRefusedDial) {
			t.Fatalf("ends as %v", f.lost)
		}
	}
	d.ask(1, "a")
	d.flights, d.running = nil, 0
	if got := strings.Fields(d.start()); len(got) != 9 || got[8] != "lost" {
		t.Errorf("the others, and what comes later: %q", got)
	}
}

// TestAnswerToAProbeBringsAHostBack: any answer does, and the row begins anew.
func TestAnswerToAProbeBringsAHostBack(t *testing.T) {
	d := newDrive(t, nil)
	d.ask(100, "a")
	d.dead("a")
	d.pass(time.Second)
	d.wants("a probe", "a")
	d.land("a", Verdict{Health: Unwell, Failure: failf(BadStatus, "500")})
	if got := strings.Fields(d.start()); len(got) != 10 {
		t.Fatalf("%d start", len(got))
	}
	for range 10 {
		d.land("a", silent())
	}
	if got := strings.Fields(d.start()); len(got) != 10 {
		t.Errorf("ten more failures do not park a host that has answered: %d start", len(got))
	}
}

// TestOnlyARowOfSilenceCounts: an answer between, an exchange that was cancelled, and --host-max-errors 0.
func TestOnlyARowOfSilenceCounts(t *testing.T) {
	for name, tt := range map[string]struct {
		with    func(*Options)
		between Verdict
		parked  bool
	}{
		"nothing between":   {nil, Verdict{}, true},
		"a page between":    {nil, Verdict{Health: Well}, false},
		"an error between":  {nil, Verdict{Health: Unwell}, false},
		"a pause between":   {nil, Verdict{Health: Throttled}, false},
		"a cancel between":  {nil, Verdict{Health: Unheard}, true},
		"no limit":          {func(o *Options) { o.HostMaxErrors = 0 }, Verdict{}, false},
		"a limit of twenty": {func(o *Options) { o.HostMaxErrors = 20 }, Verdict{Health: Well}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrive(t, func(o *Options) {
				o.HostConcurrency, o.Adaptive = 1, false
				if tt.with != nil {
					tt.with(o)
				}
			})
			d.ask(100, "a")
			for i := range 31 {
				d.start()
				if len(d.flights) == 0 {
					break
				}
				if i == 15 {
					d.land("a", tt.between)
					continue
				}
				d.land("a", silent())
			}
			if parked := d.lanes["a"].health != nil && d.lanes["a"].health.parked; parked != tt.parked {
				t.Errorf("parked: %v", parked)
			}
		})
	}
}

// TestFlightsFromBeforeAreNoProbes: what flew when the host was parked decides nothing by failing, and all by an answer.
func TestFlightsFromBeforeAreNoProbes(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.HostMaxErrors = 3 })
	d.ask(20, "a")
	d.start()
	for range 9 {
		d.land("a", silent())
	}
	h := d.lanes["a"].health
	if !h.parked || h.probes != 0 {
		t.Fatalf("after nine failures: %+v", h)
	}
	d.pass(time.Second)
	d.wants("a probe, with one from before still out", "a")
	d.land("a", Verdict{Health: Well}) // the older one
	if d.lanes["a"].health != nil {
		t.Error("an answer does not bring the host back")
	}
}

// TestCancelledProbeIsFollowedByAnother: it says nothing of the host.
func TestCancelledProbeIsFollowedByAnother(t *testing.T) {
	d := newDrive(t, nil)
	d.ask(100, "a")
	d.dead("a")
	d.pass(time.Second)
	d.wants("a probe", "a")
	d.land("a", Verdict{Health: Unheard, Failure: failf(Canceled, "x")})
	d.wants("another", "a")
	if d.lanes["a"].health.probes != 0 {
		t.Error("it counts")
	}
}

// TestTriedTasksOfADeadHostKeepTheirOwnReason: host_down is for what was never asked.
func TestTriedTasksOfADeadHostKeepTheirOwnReason(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.HostMaxErrors, o.HostConcurrency = 1, 1 })
	d.ask(2, "a")
	d.start()
	reset := failf(Reset, "the connection was reset")
	d.land("a", Verdict{Health: Silent, Fate: Retry, Delay: time.Hour, Failure: reset})
	for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		d.pass(wait)
		d.start()
		d.land("a", Verdict{Health: Silent, Fate: Retry, Failure: errRefusedDial})
	}
	d.wants("both end", "lost lost")
	for _, f := range d.flights {
		if f.lost.Kind != Reset && f.lost.Kind != Connect || !strings.HasSuffix(f.lost.Error(), "; not asked again: the host is down, 1 exchanges in a row and 3 probes after them brought no answer") {
			t.Errorf("ends as %s: %v", f.lost.Kind, f.lost)
		}
	}
}

// TestDeadHostInARun: with defaults, a host that refuses, one that accepts and is silent, and one that answers, 200 requests each.
// The run ends within the bound that the help tells: 7 s for the first, 3 + 3 stall timeouts and 7 s for the second.
func TestDeadHostInARun(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		most   time.Duration
		kind   Kind
	}{
		"refuses": {func(*http.Request) (*http.Response, error) { return nil, errRefusedDial }, 7 * time.Second, Connect},
		"is silent": {func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(30 * time.Second):
				return nil, failf(Stalled, "stall-timeout 30s met")
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}, 6*30*time.Second + 7*time.Second, Stalled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int32
				client := origin(func(r *http.Request) (*http.Response, error) {
					if r.Host == "well.test" {
						return reply(200, ""), nil
					}
					asked.Add(1)
					return tt.answer(r)
				})
				var shelf shelf
				s, err := runOver(t.Context(), urls(400, "http://dead.test", "http://well.test"), &shelf, options(nil), client)
				if err != nil || s.Succeeded != 200 || s.Failed != 200 {
					t.Fatalf("%+v, %v", s, err)
				}
				if s.ByKind[HostDown]+s.ByKind[tt.kind] != 200 || s.ByKind[HostDown] < 150 {
					t.Errorf("kinds %v", s.ByKind)
				}
				if n := asked.Load(); n > 45 || s.Elapsed > tt.most+time.Second {
					t.Errorf("asked %d times in %s", n, s.Elapsed)
				}
				if s.LimitedBy != LimitPausedHosts && s.LimitedBy != LimitHostConcurrency || s.LimitedHost != "http://dead.test" {
					t.Errorf("limited by %s on %s", s.LimitedBy, s.LimitedHost)
				}
			})
		})
	}
}

// TestPagesThatBreakOffAreNotTheHost: a host that has answered is there, however many connections it breaks off then;
// one that has never answered may be a port that nobody serves.
func TestPagesThatBreakOffAreNotTheHost(t *testing.T) {
	for _, answered := range []bool{true, false} {
		d := newDrive(t, func(o *Options) { o.HostConcurrency = 1 })
		d.ask(100, "a")
		d.start()
		if answered {
			d.land("a", Verdict{Health: Unwell})
		}
		for d.start(); len(d.flights) > 0; d.start() {
			d.land("a", Verdict{Health: Silent, Failure: failf(Reset, "the connection was reset")})
		}
		if waits := len(d.lanes) > 0; waits == answered {
			t.Errorf("a host that has answered before: %v; some wait: %v", answered, waits)
		}
	}
}

// TestProbesAreFarFromWhatFailed: 45 pages that hang among 300 do not make a dead host.
func TestProbesAreFarFromWhatFailed(t *testing.T) {
	d := newAsideDrive(t, func(o *Options) { o.Lookahead = 100 })
	d.ask(300, "a")
	hangs := func(t *task) bool { return t.seq > 100 && t.seq <= 145 }
	good := 0
	for range 1000 {
		if d.start() == "" && len(d.flights) == 0 {
			if _, wait := d.next(d.now); wait > 0 {
				d.pass(wait)
				continue
			}
			break
		}
		d.makeRoom(d.installment(), d.now)
		v := well()
		if task := d.flights[0]; task.lost != nil {
			t.Fatalf("%d good ones, then %v", good, task.lost)
		} else if hangs(task) {
			v = Verdict{Health: Silent, Failure: failf(Stalled, "stall-timeout 30s met")}
		} else {
			good++
		}
		d.land("a", v)
	}
	if good != 255 {
		t.Errorf("%d good ones are had, of 255", good)
	}
}

// TestHealthOf: what each outcome says of its host.
func TestHealthOf(t *testing.T) {
	o := options(nil)
	for _, tt := range []struct {
		name string
		in   answer
		want Health
	}{
		{"a page", status(200), Well},
		{"a redirect", status(302, "Location", "/"), Well},
		{"not found", status(404), Unwell},
		{"an error", status(500), Unwell},
		{"too many requests", status(429), Throttled},
		{"unavailable", status(503), Throttled},
		{"a page that breaks off", answer{status: 200, failure: failf(Truncated, "x")}, Unwell},
		{"no name", broken(DNS), Silent},
		{"no connection", broken(Connect), Silent},
		{"no handshake", broken(TLS), Silent},
		{"no time left", broken(Timeout), Silent},
		{"silence", broken(Stalled), Silent},
		{"a reset", broken(Reset), Silent},
		{"a close", broken(Truncated), Silent},
		{"a reset within an answer", answer{spoke: true, failure: failf(Reset, "x")}, Unwell},
		{"nonsense", answer{spoke: true, failure: failf(Protocol, "x")}, Unwell},
		{"a cancel", broken(Canceled), Unheard},
		{"a blocked address", broken(BlockedAddress), Unheard},
		{"a full disk", broken(IO), Unheard},
	} {
		if got := healthOf(o, &tt.in); got != tt.want {
			t.Errorf("%s says %d, want %d", tt.name, got, tt.want)
		}
	}
	if got := healthOf(options(func(o *Options) { o.AcceptStatus = Statuses{{429, 429}} }), &answer{status: 429}); got != Well {
		t.Errorf("a 429 that is wanted says %d", got)
	}
}

// TestDownHostIsRememberedForTheRun: it is not asked again because nothing was wanted of it for a while.
func TestDownHostIsRememberedForTheRun(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.HostMaxErrors = 1 })
	d.ask(1, "a")
	d.dead("a")
	for i := range 3 {
		d.ask(1, "a")
		d.pass(4 * time.Second)
		d.wants(fmt.Sprint("probe ", i), "a")
		d.land("a", silent())
	}
	d.pass(24 * time.Hour)
	d.start()
	d.ask(1, "a")
	d.wants("a day later", "lost")
}
