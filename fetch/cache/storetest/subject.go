package storetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
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
