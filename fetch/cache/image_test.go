package cache

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/http"
	"strings"
	"testing"
	"time"
)

// imageOf returns the image of an Entry and its body.
func imageOf(key Key, e *Entry, body string) []byte {
	return appendNote([]byte(body), key, e)
}

// sample returns an Entry with all its fields set.
func sample() *Entry {
	return &Entry{
		Status: 200, Proto: "HTTP/2.0", RemoteAddr: "[::1]:443", coding: "gzip",
		HasBody: true, Size: 4, ReportedBefore: Sum{7}, Reporter: Sum{8}, SHA256: Sum{9},
		Header: http.Header{"Etag": {`"x"`}, "Link": {"<a>", "<b>"}}, Requested: noon, Received: noon.Add(time.Second),
	}
}

// forged returns an image whose note is changed but has a valid checksum, as only an attacker writes it.
func forged(change func([]byte) []byte) []byte {
	note := imageOf(Key{1}, sample(), "")
	note = change(note[:len(note)-tailSize])
	size := len(note)
	note = binary.LittleEndian.AppendUint32(note, uint32(size))
	note = binary.LittleEndian.AppendUint32(note, crc32.Checksum(note, castagnoli))
	return append(append([]byte("body"), note...), tailMagic...)
}

// read reads the note of an image of which the last 100 bytes were read before.
func read(image []byte, key Key) (Entry, error) {
	return readNote(bytes.NewReader(image), int64(len(image)), image[max(len(image)-100, 0):], key)
}

func TestImage(t *testing.T) {
	got, err := read(imageOf(Key{1}, sample(), "body"), Key{1})
	if err != nil || fmt.Sprint(got.Header) != fmt.Sprint(sample().Header) || got.Size != 4 || got.coding != "gzip" ||
		got.ReportedBefore != (Sum{7}) || got.Reporter != (Sum{8}) || got.SHA256 != (Sum{9}) || !got.Requested.Equal(noon) {
		t.Errorf("%+v, %v", got, err)
	}
	early := &Entry{Status: 204, Requested: time.Unix(-5, 0), Received: time.Unix(-5, 0)}
	if got, err := read(imageOf(Key{}, early, ""), Key{}); err != nil || !got.Requested.Equal(early.Requested) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestInvalidImages checks images that are damaged, truncated, of another key, or written by an attacker.
func TestInvalidImages(t *testing.T) {
	good := imageOf(Key{1}, sample(), "body")
	cases := map[string][]byte{
		"empty":                    nil,
		"a tail alone":             good[len(good)-tailSize:],
		"no body":                  good[4:],
		"of another key":           imageOf(Key{2}, sample(), "body"),
		"a kind that nobody knows": forged(func(b []byte) []byte { b[0] = 9; return b }),
		"a size without a body":    forged(func(b []byte) []byte { b[1] &^= flagBody; return b }),
		"an endless number": forged(func(b []byte) []byte {
			return append(b[:sumsEnd], bytes.Repeat([]byte{0xff}, 20)...)
		}),
		"a text beyond the end": forged(func(b []byte) []byte { return append(b, 200, 'x') }),
		"a name that is none":   forged(func(b []byte) []byte { return appendText(appendText(b, "a b"), "x") }),
		"a value with a line's end": forged(func(b []byte) []byte {
			return appendText(appendText(b, "X-A"), "x\r\nSet-Cookie: y")
		}),
		"too many fields": forged(func(b []byte) []byte {
			for range mostFields + 1 {
				b = appendText(appendText(b, "A"), "")
			}
			return b
		}),
		"a short note": append(binary.LittleEndian.AppendUint32([]byte{0, 0, 0, 0},
			crc32.Checksum([]byte{0, 0, 0, 0}, castagnoli)), tailMagic...),
	}
	for n := range good {
		cases[fmt.Sprintf("cut at %d", n)] = good[:n]
	}
	for n := 4; n < len(good); n++ {
		flipped := bytes.Clone(good)
		flipped[n] ^= 0x20
		cases[fmt.Sprintf("flipped at %d", n)] = flipped
	}
	for name, image := range cases {
		if e, err := read(image, Key{1}); err == nil {
			t.Errorf("%s: %+v", name, e)
		}
	}
	huge := sample()
	huge.Header = http.Header{"X": {strings.Repeat("x", mostNote)}}
	if _, err := read(imageOf(Key{1}, huge, "body"), Key{1}); err == nil {
		t.Error("a note over its bound was read")
	}
}

// TestFindImage finds each of several images in one file, and none where one behind it is damaged.
func TestFindImage(t *testing.T) {
	var images []byte
	ends := []int{0}
	for n := range 5 {
		body := strings.Repeat("x", n) // the first has none
		e := sample()
		e.Size, e.HasBody = int64(n), n > 0
		images = append(images, imageOf(Key{byte(n)}, e, body)...)
		ends = append(ends, len(images))
	}
	for n := range 5 {
		e, body, err := findImage(images, Key{byte(n)})
		if err != nil || len(body) != n || e.Size != int64(n) {
			t.Errorf("%d: %+v, %q, %v", n, e, body, err)
		}
	}
	if e, _, err := findImage(images, Key{5}); err == nil {
		t.Errorf("another key: %+v", e)
	}
	for at := ends[3] + 3; at < ends[4]; at++ { // in the note of number 3, behind its body
		flipped := bytes.Clone(images)
		flipped[at] ^= 0x20
		if e, _, err := findImage(flipped, Key{2}); err == nil {
			t.Errorf("flipped at %d: %+v", at, e)
		}
		if _, _, err := findImage(flipped, Key{4}); err != nil {
			t.Errorf("flipped at %d: the one behind: %v", at, err)
		}
	}
}

// FuzzFindImage checks that an image is found behind any bytes, and that what is found in any has the body it says.
func FuzzFindImage(f *testing.F) {
	f.Add([]byte("body"), imageOf(Key{2}, sample(), ""))
	f.Add(imageOf(Key{1}, sample(), "body"), imageOf(Key{2}, sample(), "body"))
	f.Fuzz(func(t *testing.T, before, images []byte) {
		if e, body, err := findImage(images, Key{1}); err == nil && int64(len(body)) != e.Size {
			t.Errorf("a body of %d bytes: %+v", len(body), e)
		}
		last := imageOf(Key{1}, sample(), "body")
		e, body, err := findImage(append(append(bytes.Clone(before), images...), last...), Key{1})
		if err != nil || string(body) != "body" || e.SHA256 != sample().SHA256 {
			t.Errorf("%+v, %q, %v", e, body, err)
		}
	})
}

// FuzzImage checks that any bytes in a Store are an Entry or none, and that an Entry is written as it was read.
func FuzzImage(f *testing.F) {
	f.Add([]byte("body"), imageOf(Key{1}, sample(), ""))
	f.Add([]byte{}, imageOf(Key{1}, (&choice{Sum{3}, []string{"Accept", "Accept-Language"}}).entry(noon), ""))
	f.Add([]byte{}, imageOf(Key{1}, Digest(Sum{1}, noon), ""))
	f.Fuzz(func(t *testing.T, body, note []byte) {
		if len(note) > tailSize { // so that it gets past the checksum
			end := len(note) - tailSize
			copy(note[end+8:], tailMagic)
			binary.LittleEndian.PutUint32(note[end:], uint32(end))
			binary.LittleEndian.PutUint32(note[end+4:], crc32.Checksum(note[:end+4], castagnoli))
		}
		e, err := read(append(body, note...), Key{1})
		if err != nil {
			return
		}
		rest := strings.Repeat("x", max(0, int(min(e.Size, 1<<20))-len(body)))
		again, err := read(imageOf(Key{1}, &e, string(body)+rest), Key{1})
		if err != nil || fmt.Sprintf("%+v", again) != fmt.Sprintf("%+v", e) {
			t.Errorf("%v: %+v\nwant %+v", err, again, e)
		}
	})
}

// FuzzDirectives checks that no Cache-Control line gives a response a longer lifetime than it says, or causes a panic.
func FuzzDirectives(f *testing.F) {
	f.Add(`max-age=60, private="a\"b, c", no-cache`)
	f.Add(`max-age="`)
	f.Fuzz(func(t *testing.T, line string) {
		d := directivesOf(http.Header{"Cache-Control": {line}})
		for _, s := range []seconds{d.maxAge, d.maxStale, d.minFresh, d.staleIfError} {
			if s < none || s > maxSeconds {
				t.Errorf("%q: %d", line, s)
			}
		}
		if d.noStore && !strings.Contains(strings.ToLower(line), "no-store") {
			t.Errorf("%q has no no-store", line)
		}
	})
}
