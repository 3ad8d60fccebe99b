package fetch

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestBrokenSinkEndsTheRun checks that an error of Put ends the run at once, and that no Record is put after it.
func TestBrokenSinkEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("no space left")
		var puts int
		sink := SinkFunc(func(*Record) error {
			if puts++; puts == 3 {
				return full
			}
			return nil
		})
		o := options(func(o *Options) { o.Concurrency = 2 })
		s, err := runWithClient(t.Context(), urls(1000, "http://a.test"), sink, o, respondAfter(time.Second))
		var output *OutputError
		if !errors.As(err, &output) || !errors.Is(err, full) || s.Stopped != StopOutput || s.Complete {
			t.Errorf("%+v, %v", s, err)
		}
		if puts != 3 || s.Elapsed > 2*time.Second {
			t.Errorf("%d puts in %s", puts, s.Elapsed)
		}
	})
}

// brokenFlush is a Sink whose Flush fails: the last one, or every one if early is set.
type brokenFlush struct {
	recorder
	early bool
}

func (b *brokenFlush) Flush(last bool) error {
	if last || b.early {
		return errors.New("no space left")
	}
	return nil
}

func TestBrokenFlushEndsTheRun(t *testing.T) {
	for _, early := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			o := options(func(o *Options) { o.Concurrency = 1 })
			s, err := runWithClient(t.Context(), urls(5, "http://a.test"), &brokenFlush{early: early}, o,
				respondAfter(time.Second))
			var output *OutputError
			if !errors.As(err, &output) || s.Stopped != StopOutput || s.Complete {
				t.Errorf("%+v, %v", s, err)
			}
			if early && s.Elapsed > 2*time.Second {
				t.Errorf("a broken output is noticed after %s", s.Elapsed)
			}
		})
	}
}

// TestBrokenSourceFinishesWhatItYielded checks that a run whose Source fails finishes the Requests it has read and then
// returns an InputError.
func TestBrokenSourceFinishesWhatItYielded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cut := errors.New("unexpected end of gzip")
		var sink recorder
		s, err := runWithClient(t.Context(), thenError(urls(3, "http://a.test"), cut), &sink, options(nil),
			respondAfter(time.Second))
		var input *InputError
		if !errors.As(err, &input) || !errors.Is(err, cut) || s.Stopped != StopInput || s.Complete {
			t.Errorf("%+v, %v", s, err)
		}
		if sink.kinds() != "ok ok ok" {
			t.Errorf("got %s", sink.kinds())
		}
	})
}
