// Package storetest is a fixture for tests: what every cache.Store promises, as one suite. Nothing but tests imports
// it. It imports cache alone. The suite starts goroutines, all of which it waits for.
//
//	suite.go   Subject, Run, and what one user does with one key after another
//	many.go    several responses for one URL, several users at once, and what is too large
package storetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/cache"
)

// A Subject is the Store under test, and what the suite has to know of it.
type Subject struct {
	// Open opens the same Store again, as another process would.
	Open func(t *testing.T) cache.Store
	// Settle waits until others find what was committed to any opened Store; nil means that they do at once.
	Settle func(t *testing.T)
	// Spoil changes the last byte of each stored body without the Store.
	Spoil func(t *testing.T)
	// TooLarge is the size in bytes of a body that the Store does not accept; 0 means none.
	TooLarge int
}

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

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// entryOf returns an Entry for a body.
func entryOf(body []byte) *cache.Entry {
	return &cache.Entry{
		Status: 200, Proto: "HTTP/1.1", RemoteAddr: "192.0.2.1:80", Requested: noon, Received: noon.Add(time.Second),
		Header: http.Header{"Etag": {`"x"`}, "Link": {"<a>", "<b>"}, "Content-Type": {"text/plain"}},
		Size:   int64(len(body)), SHA256: sha256.Sum256(body), ReportedBefore: sha256.Sum256(body), HasBody: true,
	}
}

// key returns the n-th key.
func key(n int) cache.Key { return sha256.Sum256([]byte{byte(n), byte(n >> 8)}) }

// put stores a body under a key and returns its Entry.
func put(t *testing.T, s cache.Store, k cache.Key, body []byte) *cache.Entry {
	t.Helper()
	e := entryOf(body)
	w, err := s.Put(t.Context(), k)
	if err == nil {
		_, err = io.Copy(struct{ io.Writer }{w}, bytes.NewReader(body))
	}
	if err == nil {
		err = w.Commit(t.Context(), e)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// want fails the test unless the Entry and its body are found, by Read and by AppendTo.
func want(t *testing.T, s cache.Store, k cache.Key, e *cache.Entry, body []byte) {
	t.Helper()
	for _, whole := range []bool{false, true} {
		found := get(t, s, k)
		if found == nil {
			t.Fatal("not found")
		}
		var got []byte
		var err error
		if whole {
			got, err = found.AppendTo([]byte("before"))
			got = bytes.TrimPrefix(got, []byte("before"))
		} else {
			got, err = io.ReadAll(found)
		}
		found.Close()
		if err != nil || !bytes.Equal(got, body) {
			t.Fatalf("%d bytes, want %d: %v", len(got), len(body), err)
		}
		if !sameEntry(&found.Entry, e) {
			t.Fatalf("got  %+v\nwant %+v", found.Entry, *e)
		}
	}
}

// sameEntry reports whether two Entries are equal, with times compared as instants.
func sameEntry(a, b *cache.Entry) bool {
	x, y := *a, *b
	same := x.Requested.Equal(y.Requested) && x.Received.Equal(y.Received)
	x.Requested, x.Received, y.Requested, y.Received = noon, noon, noon, noon
	return same && fmt.Sprint(x) == fmt.Sprint(y)
}

// get returns what is found under a key.
func get(t *testing.T, s cache.Store, k cache.Key) *cache.Found {
	t.Helper()
	found, err := s.Get(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// wantNothing fails the test if anything is found under a key.
func wantNothing(t *testing.T, s cache.Store, k cache.Key) {
	t.Helper()
	if found := get(t, s, k); found != nil {
		t.Fatalf("found %+v", found.Entry)
	}
}

// sizes are body sizes on both sides of every limit at which a Store changes how it stores one.
var sizes = []int{0, 1, 1000, 16 << 10, 16<<10 + 1, 20 << 10, 64 << 10, 300 << 10, 900 << 10}

// text returns a body of size bytes.
func text(size int) []byte { return bytes.Repeat([]byte("batchfetch\n"), size/11+1)[:size] }

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
