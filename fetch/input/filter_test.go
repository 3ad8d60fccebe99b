package input

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"batchfetch/fetch"
)

// sourceOf returns the Source of an input of these lines.
func sourceOf(lines ...string) fetch.Source {
	return new(Reader).Lines(strings.NewReader(strings.Join(lines, "\n")), "")
}

// failAfter yields all of source and then err.
func failAfter(source fetch.Source, err error) fetch.Source {
	return func(yield func(fetch.Request, error) bool) {
		for r, e := range source {
			if !yield(r, e) {
				return
			}
		}
		yield(fetch.Request{}, err)
	}
}

// TestUnique: of Requests that are equal in method, URL, headers, body and id all but the first are skipped.
func TestUnique(t *testing.T) {
	first := []string{
		`http://a.test/`,
		`http://a.test/?`,
		`{"url":"http://a.test/","method":"POST"}`,
		`{"url":"http://a.test/","body":""}`,
		`{"url":"http://a.test/","body":"x"}`,
		`{"url":"http://a.test/","headers":{"A":"1"}}`,
		`{"url":"http://a.test/","headers":{"A":["1","2"]}}`,
		`{"url":"http://a.test/","headers":{"A":"1","B":"2"}}`,
		`{"url":"http://a.test/","id":1}`,
		`{"url":"http://a.test/","id":"1"}`,
	}
	_, errs := collect(Unique(sourceOf(first...)))
	for i, err := range errs {
		if err != nil {
			t.Errorf("%s is taken for an earlier line: %v", first[i], err)
		}
	}
	again := append(slices.Clone(first), `{"url":"http://a.test/"}`, `{"url":"http://a.test/","meta":1}`,
		`{"url":"http://a.test/","headers":{"B":"2","a":"1"}}`)
	requests, errs := collect(Unique(sourceOf(append(slices.Clone(first), again...)...)))
	for i, err := range errs[len(first):] {
		if !errors.Is(err, fetch.ErrSkipped) {
			t.Errorf("%s is asked again", again[i])
		}
		if requests[len(first)+i].Index != int64(len(first)+i) {
			t.Errorf("%s lost its index", again[i])
		}
	}
}

// TestIdentitySet: whatever was added is known, over many growths of its tables, and takes the memory that the help
// says.
func TestIdentitySet(t *testing.T) {
	const many = 300_000
	id := func(n int) fetch.Identity {
		sum := sha256.Sum256(binary.AppendUvarint(nil, uint64(n)))
		return fetch.Identity{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])}
	}
	ids := []fetch.Identity{{}, {0, 2}, {1, 0}, {1 << 63, 0}, {1<<64 - 1, 1<<64 - 1}, {1<<64 - 1, 0}}
	for n := range many {
		ids = append(ids, id(n))
	}
	var seen identitySet
	for round, want := range []bool{true, false} {
		for i, each := range ids {
			if seen.add(each) != want {
				t.Fatalf("round %d: %d, %v", round, i, each)
			}
		}
	}
	slots := 0
	for _, table := range seen.tables {
		slots += len(table)
	}
	if size := 16 * slots / len(ids); size > 24 {
		t.Errorf("it takes %d bytes for each", size)
	}
}

// TestUniqueLetsErrorsPass: errors of the Source are yielded as they are.
func TestUniqueLetsErrorsPass(t *testing.T) {
	boom := errors.New("boom")
	_, errs := collect(Unique(failAfter(sourceOf("{", "{", "http://a.test/"), boom)))
	var line *fetch.LineError
	if len(errs) != 4 || !errors.As(errs[0], &line) || !errors.As(errs[1], &line) || errs[2] != nil || errs[3] != boom {
		t.Errorf("got %v", errs)
	}
}

// TestCountHosts: Requests are counted by origin, and each line once.
func TestCountHosts(t *testing.T) {
	source := sourceOf("http://a.test/1", "http://A.test:80/2", "https://a.test/", "http://b.test/", "http://b.test/",
		"{", "ftp://c.test/", "nonsense")
	hosts, err := CountHosts(Unique(source), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{"http://a.test": 2, "https://a.test": 1, "http://b.test": 1}
	if !maps.Equal(hosts.Requests, want) || hosts.Total != 8 || hosts.Skipped != 1 || hosts.Invalid != 3 {
		t.Errorf("got %+v", hosts)
	}
}

// TestCountHostsOfBrokenInput: an error of the input is returned with what was counted before it.
func TestCountHostsOfBrokenInput(t *testing.T) {
	boom := errors.New("boom")
	hosts, err := CountHosts(failAfter(sourceOf("http://a.test/"), boom), nil)
	if !errors.Is(err, boom) || hosts.Total != 1 {
		t.Errorf("got %+v, %v", hosts, err)
	}
}
