package warc

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

// FuzzMember: what a memberWriter writes is what another's reader reads, also after other texts.
func FuzzMember(f *testing.F) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	f.Add([]byte{}, []byte("a"))
	f.Add(all, bytes.Repeat([]byte("abcd"), 9000))
	f.Add(bytes.Repeat(all, 200), []byte(strings.Repeat("a", 261)))
	f.Add(append(bytes.Repeat([]byte{'x'}, 30000), "0123456789"...), append(all, all...))
	m := new(memberWriter)
	f.Fuzz(func(t *testing.T, one, two []byte) {
		for _, text := range [][]byte{one, two, append(bytes.Clone(one), two...)} {
			if len(text) > 32<<10 {
				continue
			}
			packed := bytes.NewReader(m.member(text))
			r, err := gzip.NewReader(packed)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, text) {
				t.Fatalf("%q came back as %q, %v", text, got, err)
			}
		}
	})
}

// TestMemberOfEachMatch has matches of every size and of many distances.
func TestMemberOfEachMatch(t *testing.T) {
	m := new(memberWriter)
	for size := 4; size <= 300; size++ {
		for _, distance := range []int{1, 2, 3, 4, 5, 7, 300, 1025, 5000, 9000} {
			text := append(bytes.Repeat([]byte("\xff"), size), make([]byte, distance)...)
			for i := range text[size:] {
				text[size+i] = byte(i * i >> 3)
			}
			text = append(text, text[:size]...)
			r, err := gzip.NewReader(bytes.NewReader(m.member(text)))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, text) {
				t.Fatalf("size %d, distance %d: %v", size, distance, err)
			}
		}
	}
}
