package storetest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/cache"
)

// Run runs the suite as subtests; each calls subject for a Store of its own.
func Run(t *testing.T, subject func(t *testing.T) Subject) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Subject)
	}{
		{"what is kept is found", testKept},
		{"nothing is there before Commit, nor after Abort", testInvisible},
		{"an answer replaces the one before", testReplaced},
		{"a new note leaves the body alone", testRefreshed},
		{"many notes", testManyNotes},
		{"a note for another body does nothing", testRefreshOfAnother},
		{"what is deleted is gone", testDeleted},
		{"a body that was spoilt is found out", testSpoilt},
		{"answers apart by header and by who asks", testVariants},
		{"answers apart that come at once", testVariantsAtOnce},
		{"many at once", testAtOnce},
		{"a body that is too large", testTooLarge},
		{"a header that is too large", testHeaders},
		{"a body is read while it is replaced", testReadWhileReplaced},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, subject(t)) })
	}
}

func testKept(t *testing.T, sub Subject) {
	s := sub.Open(t)
	wantNothing(t, s, key(0))
	for i, size := range sizes {
		e := put(t, s, key(i), text(size))
		want(t, s, key(i), e, text(size))
	}
	again := sub.Open(t)
	for i, size := range sizes {
		want(t, again, key(i), entryOf(text(size)), text(size))
	}
	none := &cache.Entry{Status: 301, Header: http.Header{"Location": {"/there"}}, Requested: noon, Received: noon}
	if err := cache.Write(t.Context(), s, key(99), none); err != nil {
		t.Fatal(err)
	}
	if sub.Settle != nil {
		sub.Settle(t)
	}
	want(t, again, key(99), none, nil)
}

func testInvisible(t *testing.T, sub Subject) {
	s := sub.Open(t)
	for _, size := range []int{10, 100 << 10} {
		w, err := s.Put(t.Context(), key(1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(text(size)); err != nil {
			t.Fatal(err)
		}
		wantNothing(t, s, key(1))
		w.Abort()
		w.Abort()
		wantNothing(t, s, key(1))
	}
}

func testReplaced(t *testing.T, sub Subject) {
	s := sub.Open(t)
	for _, size := range []int{100 << 10, 10, 200 << 10} {
		e := put(t, s, key(1), text(size))
		want(t, s, key(1), e, text(size))
	}
}

func testRefreshed(t *testing.T, sub Subject) {
	s := sub.Open(t)
	for i, size := range sizes {
		e := put(t, s, key(i), text(size))
		e.Header = http.Header{"Etag": {`"y"`}, "X-New": {strings.Repeat("n", 9000)}}
		e.Received = noon.Add(time.Hour)
		if err := s.Refresh(t.Context(), key(i), e); err != nil {
			t.Fatal(err)
		}
		want(t, sub.Open(t), key(i), e, text(size))
	}
}

// testManyNotes checks that an entry that is refreshed many times is still found with the last Entry.
func testManyNotes(t *testing.T, sub Subject) {
	s := sub.Open(t)
	for i, size := range []int{1000, 300 << 10} {
		e := put(t, s, key(i), text(size))
		e.Header.Set("X-Long", strings.Repeat("x", 8000))
		for n := range 50 {
			e.Received = noon.Add(time.Duration(n) * time.Hour)
			if err := s.Refresh(t.Context(), key(i), e); err != nil {
				t.Fatal(err)
			}
		}
		want(t, s, key(i), e, text(size))
	}
}

func testRefreshOfAnother(t *testing.T, sub Subject) {
	s := sub.Open(t)
	if err := s.Refresh(t.Context(), key(1), entryOf(text(10))); err != nil {
		t.Fatal(err)
	}
	wantNothing(t, s, key(1))
	for _, size := range []int{10, 200 << 10} {
		e := put(t, s, key(1), text(size))
		for _, other := range [][]byte{text(size + 1), bytes.ToUpper(text(size))} {
			if err := s.Refresh(t.Context(), key(1), entryOf(other)); err != nil {
				t.Fatal(err)
			}
		}
		want(t, s, key(1), e, text(size))
	}
}

func testDeleted(t *testing.T, sub Subject) {
	s := sub.Open(t)
	if err := s.Delete(t.Context(), key(1)); err != nil {
		t.Fatal(err)
	}
	put(t, s, key(1), text(10))
	put(t, s, key(2), text(10))
	if err := s.Delete(t.Context(), key(1)); err != nil {
		t.Fatal(err)
	}
	wantNothing(t, s, key(1))
	want(t, s, key(2), entryOf(text(10)), text(10))
}

func testSpoilt(t *testing.T, sub Subject) {
	s := sub.Open(t)
	for i, size := range []int{1000, 300 << 10} {
		put(t, s, key(i), text(size))
	}
	sub.Spoil(t)
	for i := range 2 {
		found := get(t, s, key(i))
		if found == nil {
			continue // just as well
		}
		_, err := io.ReadAll(found)
		found.Close()
		if !errors.Is(err, cache.ErrCorrupt) {
			t.Errorf("%d: %v", i, err)
		}
		found = get(t, s, key(i))
		if _, err = found.AppendTo(nil); !errors.Is(err, cache.ErrCorrupt) {
			t.Errorf("%d: %v", i, err)
		}
		found.Close()
		e := put(t, s, key(i), text(20))
		want(t, s, key(i), e, text(20))
	}
}
