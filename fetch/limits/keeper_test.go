package limits_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/limits"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/plan"
	"batchfetch/fetch/resp"
)

// closedPort returns an address at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	port, err := nettest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// TestOwnPart: without a server a process keeps the n-th part of rates and widths, with one warning.
func TestOwnPart(t *testing.T) {
	warnings := 0
	k := limits.NewKeeper(open(t, closedPort(t)), 4, func(error) { warnings++ })
	defer k.Close(context.Background())
	var slots []plan.Slot
	for len(slots) < 20 {
		grants, err := k.Ask(t.Context(), []plan.Ask{starts(8)})
		if err != nil {
			t.Fatal(err)
		}
		if slots = append(slots, grants[0].Slots...); grants[0].Widths[0] != 1 {
			t.Fatalf("width %d of one wanted", grants[0].Widths[0])
		}
		time.Sleep(time.Until(grants[0].Again))
	}
	for i := range slots[1:] {
		if between := slots[i+1].At.Sub(slots[i].At); between < 4*distance {
			t.Errorf("start %d is %s after the one before", i+1, between)
		}
	}
	wide := starts(0)
	wide.Limits[0].Wanted = 20
	grants, err := k.Ask(t.Context(), []plan.Ask{wide})
	if err != nil || grants[0].Widths[0] != 2 {
		t.Errorf("%v: widths %v, want 2 of 8", err, grants)
	}
	wide.Limits[0].Hold = time.Hour
	if grants, err = k.Ask(t.Context(), []plan.Ask{wide}); err != nil || time.Until(grants[0].HeldUntil) < 59*time.Minute {
		t.Errorf("%v: held until %v", err, grants)
	}
	if warnings != 1 {
		t.Errorf("%d warnings", warnings)
	}
}

// TestNoPart: a process without a part waits for the server, and then gives up.
func TestNoPart(t *testing.T) {
	addr := closedPort(t)
	synctest.Test(t, func(t *testing.T) {
		warnings := 0
		r := limits.OpenRedis(resp.Config{Addr: addr, Timeout: time.Second, Conns: 1})
		k := limits.NewKeeper(r, 0, func(error) { warnings++ })
		began := time.Now()
		_, err := k.Ask(t.Context(), []plan.Ask{starts(1)})
		if took := time.Since(began); err == nil || took < limits.Patience || took > 2*limits.Patience || warnings != 1 {
			t.Errorf("%v after %s, %d warnings", err, took, warnings)
		}
		ended := errors.New("ended")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Millisecond, func() { cancel(ended) })
		if _, err := limits.NewKeeper(r, 0, func(error) {}).Ask(ctx, nil); !errors.Is(err, ended) {
			t.Errorf("%v at the end of the context", err)
		}
	})
}

// TestServerComesBack: from then on the limits are those of all again.
func TestServerComesBack(t *testing.T) {
	addr, direct := startRedis(t)
	k := limits.NewKeeper(open(t, addr), 4, func(error) {})
	direct.ConfigSet(t.Context(), "maxmemory", "1")
	width := func() int {
		t.Helper()
		a := starts(0)
		a.Limits[0].Wanted = 20
		grants, err := k.Ask(t.Context(), []plan.Ask{a})
		if err != nil {
			t.Fatal(err)
		}
		return grants[0].Widths[0]
	}
	if got := width(); got != 2 {
		t.Errorf("width %d of a quarter of 8", got)
	}
	direct.ConfigSet(t.Context(), "maxmemory", "0")
	for deadline := time.Now().Add(time.Minute); width() != 8; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server is not used again")
		}
	}
}

// TestForeignAnswers: an answer that the script does not give is an error, and costs nothing.
func TestForeignAnswers(t *testing.T) {
	for _, says := range []string{"", "x", "{}", `{"now":"x","a":[]}`, `{"now":"5","a":[]}`, `{"now":"5","a":{}}`,
		`{"now":"5","a":[{"s":"1 2","w":[1],"h":0,"g":0}]}`,   // more starts than were asked for
		`{"now":"5","a":[{"s":"-1","w":[1],"h":0,"g":0}]}`,    // in the past
		`{"now":"5","a":[{"s":"1","w":[9],"h":0,"g":0}]}`,     // wider than the limit
		`{"now":"5","a":[{"s":"1","w":[],"h":0,"g":0}]}`,      //
		`{"now":"5","a":[{"s":"1","w":[1],"h":1e300,"g":0}]}`, // for ever
		`{"now":"-5","a":[{"s":"1","w":[1],"h":0,"g":0}]}`,    //
		`{"now":"5","a":[{"s":"1","w":[1],"h":0,"g":-1}]}`} {
		addr := answering(t, says)
		if _, err := open(t, addr).Ask(t.Context(), []plan.Ask{starts(1)}); !errors.Is(err, resp.ErrReply) {
			t.Errorf("%s: %v", says, err)
		}
	}
	good := `{"now":"5","a":[{"s":"1","w":[1],"h":0,"g":0}]}`
	if _, err := open(t, answering(t, good)).Ask(t.Context(), []plan.Ask{starts(1)}); err != nil {
		t.Errorf("%s: %v", good, err)
	}
}
