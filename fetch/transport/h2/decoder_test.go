package h2

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"
)

// decodeAll decodes blocks one after the other, each cut into fragments at every at-th byte. ok is false where one of
// them is invalid, or not whole.
func decodeAll(d *decoder, at int, blocks ...[]byte) (fields []hpack.HeaderField, ok bool) {
	for _, block := range blocks {
		for len(block) > 0 {
			fragment := block[:min(at, len(block))]
			block = block[len(fragment):]
			err := d.write(fragment, func(f field) {
				fields = append(fields, hpack.HeaderField{Name: f.name.lower, Value: f.value})
			})
			if err != nil {
				return fields, false
			}
		}
		if d.end() != nil {
			return fields, false
		}
	}
	return fields, true
}

// FuzzDecoder holds the decoder against that of package hpack, over two blocks of a connection, however they are cut.
func FuzzDecoder(f *testing.F) {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for _, field := range []hpack.HeaderField{{Name: ":status", Value: "200"}, {Name: "content-type", Value: "text/plain"},
		{Name: "x-own", Value: strings.Repeat("value", 30)}, {Name: "set-cookie", Value: "a=b", Sensitive: true}} {
		_ = e.WriteField(field)
	}
	f.Add(block.Bytes(), []byte("\x88\xbe\xbf"), uint8(1))
	f.Add([]byte("\x3f\xe1\x1f\x88"), []byte("\x20\x88"), uint8(200))
	f.Add([]byte("\x40\x01x\x7f\xa1\x1e"), []byte("\xff\xff\xff\xff\x0f"), uint8(3))
	f.Add([]byte("\x00\x82\xff\xff\x00"), []byte{}, uint8(9))
	f.Fuzz(func(t *testing.T, first, second []byte, at uint8) {
		got, ok := decodeAll(newDecoder(), int(at)+1, first, second, first) // the strings of the last are known
		var want []hpack.HeaderField
		judge := hpack.NewDecoder(tableSize, func(f hpack.HeaderField) {
			f.Sensitive = false
			want = append(want, f)
		})
		judgeOK := true
		for _, block := range [][]byte{first, second, first} {
			_, err := judge.Write(block)
			if judgeOK = judgeOK && err == nil && judge.Close() == nil; !judgeOK {
				break
			}
		}
		if ok && !judgeOK && !hasTwoSizes(first) {
			t.Fatalf("%x, %x: accepted as %q", first, second, got)
		}
		if !ok && judgeOK && !hasLongNumber(first) && !hasLongNumber(second) {
			t.Fatalf("%x, %x: refused, means %q", first, second, want)
		}
		if !ok || !judgeOK {
			return
		}
		if len(got) != len(want) {
			t.Fatalf("%x, %x: %q, want %q", first, second, got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("%x, %x: %q, want %q", first, second, got[i], want[i])
			}
		}
	})
}

// hasTwoSizes reports whether a block begins with two changes of the table's size, as RFC 7541 section 4.2 allows.
// Package hpack refuses the second one where the table is not empty.
func hasTwoSizes(block []byte) bool {
	if len(block) == 0 || block[0]&0xe0 != 0x20 {
		return false
	}
	_, n := number(block, 5)
	return n > 0 && n < len(block) && block[n]&0xe0 == 0x20
}

// hasLongNumber reports whether a block may have a number with more bytes than any has that is of use: package hpack
// accepts them, and twice a change of the table's size behind the first field.
func hasLongNumber(block []byte) bool {
	run := 0
	for i, b := range block {
		if run++; b&0x80 == 0 {
			run = 0
		}
		if run >= 4 || i > 0 && b&0xe0 == 0x20 {
			return true
		}
	}
	return false
}

// TestDecoderReusesStrings: a name, or a short value, that has come before is not allocated again.
func TestDecoderReusesStrings(t *testing.T) {
	d := newDecoder()
	block := []byte("\x00\x05x-own\x07a value")
	n := testing.AllocsPerRun(100, func() {
		if d.write(block, func(field) {}) != nil || d.end() != nil {
			t.Fatal("refused")
		}
	})
	if n > 0 {
		t.Errorf("%g allocations", n)
	}
}

// TestDecoderIsBounded: what a decoder keeps has a bound, whatever names and values come.
func TestDecoderIsBounded(t *testing.T) {
	d := newDecoder()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		text := make([]byte, rng.IntN(300))
		for i := range text {
			text[i] = 'a' + byte(rng.IntN(26))
		}
		var block bytes.Buffer
		_ = hpack.NewEncoder(&block).WriteField(hpack.HeaderField{Name: string(text), Value: string(text)})
		if err := d.write(block.Bytes(), func(field) {}); err != nil {
			t.Fatal(err)
		}
		_ = d.end()
	}
	size := 0
	for _, pair := range d.strings.kept {
		for _, s := range pair {
			size += len(s.coded) + len(s.value)
			if s.name != nil {
				size += len(s.name.lower) + len(s.name.canonical)
			}
		}
	}
	if len(d.strings.names) > maxNames || size > 2*keptStrings*5*maxValue || d.size > tableSize {
		t.Errorf("%d names, %d bytes of values, %d of the table", len(d.strings.names), size, d.size)
	}
}

// TestEncoder: what the encoder writes is what was asked for, before and after the server changes the size of the
// table; secrets are never indexed, and neither they nor paths come into the table.
func TestEncoder(t *testing.T) {
	var got []hpack.HeaderField
	judge := hpack.NewDecoder(tableSize, func(f hpack.HeaderField) { got = append(got, f) })
	e := &encoder{maxSize: tableSize}
	header := http.Header{"User-Agent": {"x"}, "Accept": {"*/*"}, "Authorization": {"Basic s3cret"},
		"Cookie": {"a=s3cret"}, "X-Own": {"1", "2"}, "Connection": {"close"}, "Host": {"other"}, "Te": {"gzip"}}
	sizes := []int{4096, -1, -1, 0, -1, 100, -1, 1 << 20, -1}
	first, last := 0, 0
	for i, size := range sizes {
		if size >= 0 {
			e.setMaxSize(uint32(size))
		}
		r := &Request{Method: "GET", Scheme: "https", Authority: "a.test", Path: "/" + strings.Repeat("p", i), Header: header}
		if i == 2 {
			r.Method, r.Body, r.AnnouncesBody = "PUT", []byte("body"), true
		}
		block := e.encode(nil, r)
		if last = len(block); i == 0 {
			first = last
		}
		got = nil
		if _, err := judge.Write(block); err != nil || judge.Close() != nil {
			t.Fatalf("%d: %v", i, err)
		}
		var text []string
		for _, f := range got {
			if f.Sensitive != (f.Name == "authorization" || f.Name == "cookie" || f.Name == "x-own") {
				t.Errorf("%s: never indexed is %t", f.Name, f.Sensitive)
			}
			text = append(text, f.Name+": "+f.Value)
		}
		length := ""
		if i == 2 {
			length = "content-length: 4|"
		}
		want := ":method: " + r.Method + "|:authority: a.test|:scheme: https|:path: " + r.Path + "|" + length +
			"accept: */*|authorization: Basic s3cret|cookie: a=s3cret|user-agent: x|x-own: 1|x-own: 2"
		if all := strings.Join(text, "|"); all != want {
			t.Errorf("%d: %s\nwant %s", i, all, want)
		}
	}
	if last >= first {
		t.Errorf("%d bytes at first, %d once the table has them", first, last)
	}
	for _, entry := range e.table {
		if strings.Contains(entry.value, "s3cret") || entry.name == ":path" {
			t.Errorf("%s is in the table", entry.name)
		}
	}
}
