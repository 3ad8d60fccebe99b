package plan

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// A failingSite answers 500 without Retry-After for some of its pages, at any rate, and for all while it is down. Each
// page is requested four times at most, as --retries 3 has it.
type failingSite struct {
	isFailing          func(page int) bool
	downFrom, downTill time.Duration
	unavailable        bool // it answers 503: while it is down, or where it never is
	tries              map[string]int
	turns, phase       time.Duration // it is up and down in turns of that time, from somewhere in one
	lost               int           // good pages whose last response was a 500
}

func (s *failingSite) answer(path string, now time.Time, _ int) judge.Verdict {
	page, _ := strconv.Atoi(strings.TrimPrefix(path, "/"))
	at := now.Sub(began)
	isDown := at >= s.downFrom && at < s.downTill
	if s.turns > 0 {
		isDown = (at+s.phase)/s.turns%2 == 1
	}
	if !isDown && !s.isFailing(page) {
		return healthy()
	}
	v := overloaded()
	v.Unavailable = s.unavailable && (isDown || s.downTill == 0)
	if s.tries[path]++; s.tries[path] < 4 {
		return v
	}
	if !s.isFailing(page) {
		s.lost++
	}
	v.Fate, v.Failure = judge.Final, nil
	return v
}

// run requests so many pages, and returns how long that took.
func (s *failingSite) run(t *testing.T, seed uint64, pages int) time.Duration {
	r := newAPIRun(t, seed, nil)
	r.answer = s.answer
	paths := make([]string, pages)
	for i := range paths {
		paths[i] = "/" + strconv.Itoa(i)
	}
	s.tries = make(map[string]int)
	return r.run(1, paths...)
}

// TestFailingPagesAreNoOverload: an application that fails for some items answers 500 for each of them, whenever it is
// asked, as found with go-zero 1.10.3. At the end of a run only they are left, so that all responses are errors: a run
// of 1000 URLs with 100 such took two minutes, at the end of which the host was given up as one that refuses all.
// Beside the others it is the waits of their retries that take time. Where a whole row fails, as all items of one month
// or one broken shard do, it looks as if the host were down: 1000 URLs took three minutes and a half, now 20 s.
func TestFailingPagesAreNoOverload(t *testing.T) {
	for name, isFailing := range map[string]func(int) bool{
		"3 in 100":            func(page int) bool { return page%100 < 3 },
		"one in ten":          func(page int) bool { return page%10 == 0 },
		"ten in a row of 100": func(page int) bool { return page%100 < 10 },
		"three in ten":        func(page int) bool { return page%10 < 3 },
		"20 in a row of 100":  func(page int) bool { return page%100 < 20 },
		"30 in a row of 100":  func(page int) bool { return page%100 < 30 },
		"60 in a row of 200":  func(page int) bool { return page%200 < 60 },
		"100 at the start":    func(page int) bool { return page < 100 },
		"100 in the middle":   func(page int) bool { return page >= 500 && page < 600 },
	} {
		for seed := range uint64(10) {
			s := failingSite{isFailing: isFailing, unavailable: seed%2 == 1}
			if took := s.run(t, seed, 1000); took > 30*time.Second {
				t.Errorf("%s, seed %d: takes %s", name, seed, took)
			}
		}
	}
}

// TestFewFailingPages: where some pages fail, of a short list or at the end of one, their retries end nearly as soon as
// those of a host that is asked once a second: no page is left that could show whether the host is why. With pauses and
// times between probes that grow, as for a host that is unavailable, ten pages that fail by 503 took up to 150 s, and
// by 500 up to 57 s.
func TestFewFailingPages(t *testing.T) {
	for _, failing := range []int{1, 5, 10, 20} {
		for _, others := range []int{0, 10, 100} {
			for seed := range uint64(10) {
				s := failingSite{isFailing: func(page int) bool { return page >= others }, unavailable: seed%2 == 1}
				took := s.run(t, seed, failing+others)
				if most := time.Duration(failing)*3*time.Second + 10*time.Second; took > most {
					t.Errorf("%d fail after %d, 503: %t, seed %d: takes %s", failing, others, s.unavailable, seed, took)
				}
			}
		}
	}
}

// TestRowThatFailsAgain: what fails again in a row, with none accepted between, is no stronger evidence for its pages
// than each response alone, and hardly any where failures have come in rows before. Of 40 pages at 2 a second, as nginx
// 1.22 has it by limit_req, 22 were lost in one run of three.
func TestRowThatFailsAgain(t *testing.T) {
	const share, n = 0.6, 4
	for after, most := range map[movingShare]float64{0: math.Log(failingAgain / share), 0.9: 0.06} {
		p := failingPages{accepted: 9, weighedAt: 9, failingShare: share, failingAfter: after}
		for range n {
			p.observe(&Task{Attempts: 2, failsFrom: 1, Verdict: overloaded()}, 0, share)
		}
		if got := float64(p.evidence); got > n*most+0.01 {
			t.Errorf("after a share of %g: evidence of %g, at most %g", after, got, n*most)
		}
	}
}

// TestOutageOfAHostWithFailingPages: where it is known that pages fail, a host that is down for a while is noticed all
// the same, by pages that have not failed before: they keep their attempts for later.
func TestOutageOfAHostWithFailingPages(t *testing.T) {
	for _, from := range []time.Duration{time.Second, 4 * time.Second, 9 * time.Second} {
		for seed := range uint64(10) {
			s := failingSite{isFailing: func(page int) bool { return page%10 == 0 }, downFrom: from,
				downTill: from + 20*time.Second, unavailable: seed%2 == 1}
			took := s.run(t, seed, 5000)
			t.Logf("down from %s on, seed %d: %d lost, %s", from, seed, s.lost, took)
			if s.lost > 5 || took > time.Minute {
				t.Errorf("down from %s on, seed %d: %d good pages are lost, takes %s", from, seed, s.lost, took)
			}
		}
	}
}

// TestHostThatIsUpAndDownInTurns: a host half of whose time is an outage is not asked ever more slowly: what it accepts
// of a low rate is no measure of what it can. A run of 3000 URLs that began in an outage took 80 minutes, at the 1/s of
// the last resort.
func TestHostThatIsUpAndDownInTurns(t *testing.T) {
	for _, turns := range []time.Duration{1, 2, 3, 5, 10, 20} {
		for phase := range time.Duration(12) {
			s := failingSite{isFailing: func(int) bool { return false }, unavailable: phase >= 6}
			s.turns, s.phase = turns*time.Second, phase*turns*time.Second/3
			if took := s.run(t, uint64(phase), 3000); took > 4*time.Minute {
				t.Errorf("turns of %s, from %s: takes %s", s.turns, s.phase, took)
			}
		}
	}
}
