package warc_test

import (
	"bufio"
	"bytes"
	"crypto/sha1" //nolint:gosec // what archives have
	"encoding/base32"
	"io"
	"strconv"
	"strings"
	"testing"

	"compress/gzip"
)

// A record is one of an archive, as it was read.
type record struct {
	fields map[string]string
	block  string
}

func (r record) kind() string { return r.fields["WARC-Type"] }

// target returns the path of WARC-Target-URI.
func (r record) path(origin string) string {
	return strings.TrimPrefix(r.fields["WARC-Target-URI"], origin)
}

// readArchive reads an archive in gzip, and checks what every record has: a member of its own, its length, its digest.
func readArchive(t *testing.T, text []byte) (records []record) {
	t.Helper()
	in := bufio.NewReader(bytes.NewReader(text))
	for {
		member, err := gzip.NewReader(in)
		if err == io.EOF {
			return records
		}
		if err != nil {
			t.Fatalf("after %d records: %v", len(records), err)
		}
		member.Multistream(false)
		whole, err := io.ReadAll(member)
		if err != nil {
			t.Fatalf("after %d records: %v", len(records), err)
		}
		records = append(records, parseRecord(t, string(whole)))
	}
}

func parseRecord(t *testing.T, text string) record {
	t.Helper()
	head, rest, found := strings.Cut(text, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	if !found || lines[0] != "WARC/1.1" {
		t.Fatalf("no record: %q", text)
	}
	r := record{fields: map[string]string{}}
	for _, line := range lines[1:] {
		name, value, found := strings.Cut(line, ": ")
		if _, twice := r.fields[name]; !found || twice || strings.ContainsAny(value, "\r\n") {
			t.Errorf("line %q of %q", line, head)
		}
		r.fields[name] = value
	}
	var ends bool
	r.block, ends = strings.CutSuffix(rest, "\r\n\r\n")
	if !ends || r.fields["Content-Length"] != strconv.Itoa(len(r.block)) {
		t.Errorf("a block of %d bytes ends with %v, and the header is %q", len(r.block), ends, head)
	}
	if want := digest(r.block); r.fields["WARC-Block-Digest"] != want {
		t.Errorf("block digest %s, want %s, of %q", r.fields["WARC-Block-Digest"], want, r.block)
	}
	_, payload, found := strings.Cut(r.block, "\r\n\r\n")
	if !found {
		_, payload, _ = strings.Cut(r.block, "\n\n")
	}
	if got := r.fields["WARC-Payload-Digest"]; r.kind() == "response" && got != "" && got != digest(payload) {
		t.Errorf("payload digest %s of %q", got, r.block)
	}
	return r
}

func digest(text string) string {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // as above
	return "sha1:" + base32.StdEncoding.EncodeToString(sum[:])
}
