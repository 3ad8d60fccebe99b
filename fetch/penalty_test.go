package fetch

import (
	"errors"
	"testing"
	"time"
)

func refusal(wait time.Duration) Verdict {
	return Verdict{Refused: true, Failure: &Failure{Kind: RateLimited, Err: errRefused, RetryAfter: wait}}
}

var errRefused = failf(RateLimited, "the host asks to wait 1h")

// TestThreeRefusalsCloseALane: what waits for the host, and what comes for it later, fails without an exchange.
func TestThreeRefusalsCloseALane(t *testing.T) {
	d := newDrive(t, nil)
	d.ask(12, "a")
	d.ask(1, "b")
	d.start()
	for range 2 {
		d.land("a", refusal(time.Hour))
	}
	if d.start() != "a a" {
		t.Fatal("two refusals do not speak for the host")
	}
	d.ask(1, "a")
	d.land("a", refusal(time.Hour))
	d.ask(2, "a")
	var lost int
	for {
		task, _ := d.next(d.now)
		if task == nil {
			break
		}
		if task.lost == nil || task.lost.Kind != RateLimited || task.lost.RetryAfter != time.Hour || !errors.Is(task.lost, errRefused) {
			t.Fatalf("task %d is asked of a closed host: %v", task.seq, task.lost)
		}
		task.verdict = Verdict{Failure: task.lost}
		d.done(task, d.now)
		lost++
	}
	if lost != 3 { // the one that waited and the two that came later
		t.Errorf("%d tasks are lost", lost)
	}
	d.land("b", Verdict{})
	if d.running != len(d.flights) || d.size != 0 {
		t.Errorf("%d run of %d, %d wait", d.running, len(d.flights), d.size)
	}
}

func TestClosedLaneOpensWhenItsTimeIsOver(t *testing.T) {
	d := newDrive(t, nil)
	d.ask(3, "a")
	d.start()
	for range 3 {
		d.land("a", refusal(time.Hour))
	}
	d.pass(time.Hour - 1)
	d.start() // gives the plan a chance to forget the lane too early
	if len(d.lanes) != 1 {
		t.Fatal("a live penalty is forgotten")
	}
	d.ask(1, "a")
	if task, _ := d.next(d.now); task == nil || task.lost == nil {
		t.Fatalf("got %v", task)
	}
	d.pass(1)
	d.ask(1, "a")
	if task, _ := d.next(d.now); task == nil || task.lost != nil {
		t.Errorf("the host is not asked again after its hour: %v", task)
	}
}

func TestAnswerBetweenRefusalsEndsTheRow(t *testing.T) {
	d := newDrive(t, nil)
	d.ask(6, "a")
	d.start()
	for _, v := range []Verdict{refusal(time.Hour), refusal(time.Hour), {}, refusal(time.Hour), refusal(time.Hour)} {
		d.land("a", v)
	}
	d.ask(1, "a")
	d.wants("never three in a row", "a")
}

// TestFlightsOfAClosedLaneStillLand: those under way when the lane closes are judged as they land.
func TestFlightsOfAClosedLaneStillLand(t *testing.T) {
	d := newDrive(t, nil)
	d.ask(5, "a")
	d.start()
	for range 3 {
		d.land("a", refusal(time.Hour))
	}
	d.land("a", Verdict{})
	d.land("a", Verdict{Fate: Retry, Delay: time.Second})
	if task, _ := d.next(d.now); task == nil || task.lost == nil {
		t.Errorf("a retry into a closed lane is not lost: %v", task)
	}
}
