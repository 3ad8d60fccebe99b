package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"batchfetch/fetch/cache"
)

// variants are several responses for one URL in a Store.
type variants struct {
	t     *testing.T
	store cache.Store
}

// ask returns a Request by who asks and by Accept-Language.
func ask(who byte, language string) *cache.Request {
	q := &cache.Request{Method: "GET", URL: "http://a.test/", Header: http.Header{"Accept-Language": {language}}}
	q.Who[0] = who
	return q
}

// coded returns a Request by Accept-Encoding.
func coded(coding string) *cache.Request {
	return &cache.Request{Method: "GET", URL: "http://a.test/coded", Header: http.Header{"Accept-Encoding": {coding}}}
}

// keep stores the response to a Request.
func (v variants) keep(q *cache.Request, body string, vary ...string) {
	v.t.Helper()
	ctx := v.t.Context()
	found, place, err := cache.Find(ctx, v.store, q)
	if found != nil {
		found.Close()
	}
	e := entryOf([]byte(body))
	e.Header = http.Header{"Vary": vary}
	var d *cache.Draft
	if err == nil {
		d, err = place.Draft(ctx, v.store, q, e.Header)
	}
	if err == nil {
		_, err = io.WriteString(d, body)
	}
	if err == nil {
		err = d.Commit(ctx, e)
	}
	if err != nil {
		v.t.Fatal(err)
	}
}

// expect fails the test unless a Request finds the response with that body; "" is none.
func (v variants) expect(q *cache.Request, body string) {
	v.t.Helper()
	found, _, err := cache.Find(v.t.Context(), v.store, q)
	if err != nil || found == nil || body == "" {
		if found == nil && err == nil && body == "" {
			return
		}
		v.t.Fatalf("found %v, %v, want %q", found, err, body)
	}
	defer found.Close()
	if got, err := found.AppendTo(nil); err != nil || string(got) != body {
		v.t.Fatalf("found %q, %v, want %q", got, err, body)
	}
}

// testVariants stores several responses for one URL, selected by credentials, by Vary and by Accept-Encoding alone,
// and checks which request finds which.
func testVariants(t *testing.T, sub Subject) {
	v := variants{t, sub.Open(t)}
	v.keep(ask(0, "de"), "anybody's")
	v.expect(ask(0, "en"), "anybody's")
	v.expect(ask(1, "de"), "")
	v.keep(ask(1, "de"), "one's")
	v.keep(ask(2, "de"), "two's")
	v.keep(ask(0, "de"), "anybody's again")
	v.expect(ask(1, "de"), "one's")
	v.expect(ask(2, "de"), "two's")
	v.expect(ask(0, "de"), "anybody's again")
	v.keep(ask(0, "de"), "deutsch", "Accept-Language, Accept")
	v.keep(ask(0, "en"), "english", "accept-language", "accept")
	v.expect(ask(0, "de"), "deutsch")
	v.expect(ask(0, "en"), "english")
	v.expect(ask(0, "fr"), "")
	v.expect(ask(1, "en"), "")
	v.keep(coded("gzip"), "zipped", "Accept-Encoding")
	v.expect(coded("gzip"), "zipped")
	v.expect(coded("identity"), "")
	v.keep(coded("identity"), "plain", "Accept-Encoding")
	v.expect(coded("identity"), "plain")
	v.expect(coded("gzip"), "")
	if err := cache.Forget(t.Context(), v.store, *ask(0, "")); err != nil {
		t.Fatal(err)
	}
	for _, q := range []*cache.Request{ask(0, "de"), ask(0, "en"), ask(1, "de"), ask(2, "de")} {
		v.expect(q, "")
	}
	v.keep(ask(1, "de"), "new")
	v.expect(ask(1, "de"), "new")
	v.expect(ask(2, "de"), "")
}

// testVariantsAtOnce stores several responses for one URL at once, of which the first makes the choice, and checks
// that all are found.
func testVariantsAtOnce(t *testing.T, sub Subject) {
	s, ctx := sub.Open(t), t.Context()
	requests, drafts := make([]*cache.Request, 8), make([]*cache.Draft, 8)
	for i := range requests {
		q := &cache.Request{Method: "GET", URL: "http://a.test/", Header: http.Header{"Accept": {strconv.Itoa(i)}}}
		q.Who[0] = byte(i / 2)
		_, place, err := cache.Find(ctx, s, q)
		if err == nil {
			drafts[i], err = place.Draft(ctx, s, q, http.Header{"Vary": {"Accept"}})
		}
		if err != nil {
			t.Fatal(err)
		}
		requests[i] = q
	}
	var all sync.WaitGroup
	for i, d := range drafts {
		all.Go(func() {
			body := text(100 + i)
			_, _ = d.Write(body) // Commit returns its error
			if err := d.Commit(ctx, entryOf(body)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, q := range requests {
		found, _, err := cache.Find(ctx, s, q)
		if err != nil || found == nil {
			t.Fatalf("%d: %v, %v", i, found, err)
		}
		if got, err := found.AppendTo(nil); err != nil || !bytes.Equal(got, text(100+i)) {
			t.Errorf("%d: %d bytes, %v", i, len(got), err)
		}
		found.Close()
	}
}

// testAtOnce checks that concurrent readers and writers of one key see only complete bodies that were written.
func testAtOnce(t *testing.T, sub Subject) {
	stores := []cache.Store{sub.Open(t), sub.Open(t)}
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			s := stores[n%2]
			for round := range 30 {
				k := key(round % 3)
				size := 100 * (n + 1)
				if n%4 == 3 {
					size = 70<<10 + n
				}
				body := text(size)
				switch n % 4 {
				case 0, 3:
					w, err := s.Put(t.Context(), k)
					if err == nil {
						_, _ = w.Write(body) // Commit returns its error
						err = w.Commit(t.Context(), entryOf(body))
					}
					if err != nil {
						t.Error(err)
					}
				case 1:
					if err := s.Refresh(t.Context(), k, entryOf(text(100))); err != nil {
						t.Error(err)
					}
				default:
					found, err := s.Get(t.Context(), k)
					if err != nil || found == nil {
						if err != nil {
							t.Error(err)
						}
						continue
					}
					if got, err := found.AppendTo(nil); err != nil || !bytes.Equal(got, text(len(got))) {
						t.Errorf("%d bytes: %v", len(got), err)
					}
					found.Close()
				}
			}
		})
	}
	all.Wait()
}

// testTooLarge checks that a body that the Store does not accept removes the older one under its key.
func testTooLarge(t *testing.T, sub Subject) {
	if sub.TooLarge == 0 {
		t.Skip("it takes any size")
	}
	s := sub.Open(t)
	put(t, s, key(1), text(10))
	w, err := s.Put(t.Context(), key(1))
	if err != nil {
		t.Fatal(err)
	}
	body := text(sub.TooLarge)
	_, _ = w.Write(body) // Commit returns its error
	if err := w.Commit(t.Context(), entryOf(body)); !errors.Is(err, cache.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	wantNothing(t, s, key(1)) // what was there before is older
}

// testHeaders checks that a header that would be refused when it is read is not written.
func testHeaders(t *testing.T, sub Subject) {
	s := sub.Open(t)
	many := make(http.Header)
	for i := range 3000 {
		many.Add("X-Many", strconv.Itoa(i))
	}
	for _, h := range []http.Header{many, {"X-Large": {strings.Repeat("x", 600<<10)}}, {"X-Bad": {"a\x01b"}}} {
		e := entryOf(nil)
		e.Header = h
		if err := cache.Write(t.Context(), s, key(1), e); !errors.Is(err, cache.ErrTooLarge) {
			t.Errorf("got %v", err)
		}
		wantNothing(t, s, key(1))
	}
}

// testReadWhileReplaced checks that a body can be read to its end after it was replaced and deleted.
func testReadWhileReplaced(t *testing.T, sub Subject) {
	s := sub.Open(t)
	body := text(500 << 10)
	put(t, s, key(1), body)
	found := get(t, s, key(1))
	defer found.Close()
	half := make([]byte, 1000)
	if _, err := io.ReadFull(found, half); err != nil {
		t.Fatal(err)
	}
	put(t, s, key(1), text(10))
	if err := s.Delete(context.WithoutCancel(t.Context()), key(1)); err != nil {
		t.Fatal(err)
	}
	more, err := io.ReadAll(found)
	if err != nil || !bytes.Equal(append(half, more...), body) {
		t.Errorf("%d bytes, %v", len(more), err)
	}
}
