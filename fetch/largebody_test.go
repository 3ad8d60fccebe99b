package fetch

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/spool/spooltest"
)

// TestLargeBodiesGoToAFile checks that bodies over BodyMemory go to a temporary file however their size is announced,
// and that their Records have the same hash and counts.
func TestLargeBodiesGoToAFile(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	const most = 100_000
	random := make([]byte, 3<<20)                   // gzip makes it larger
	_, _ = rand.NewChaCha8([32]byte{}).Read(random) // never fails
	noise := string(random)
	for name, frame := range map[string]func(string) string{
		"announced": func(body string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body) },
		"chunked": func(body string) string {
			return fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body)
		},
		"to the end": func(body string) string { return "\r\n" + body },
		"coded": func(body string) string {
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			_, _ = io.WriteString(z, body) // a Buffer never fails
			_ = z.Close()
			return fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", packed.Len(), packed.String())
		},
	} {
		for _, size := range []int{0, 1, most - 1, most, most + 1, most + 64<<10, 3 << 20} {
			for _, memory := range []int64{most, 0} {
				body := noise[:size]
				url := nettest.Talk(t, func(c *net.TCPConn) {
					nettest.ReadRequest(c)
					nettest.Say(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n"+frame(body))
					_ = c.CloseWrite()
					nettest.AwaitClose(c)
				})
				sum := sha256.Sum256([]byte(body))
				source := sourceOf(Request{URL: url, SHA256: hex.EncodeToString(sum[:])})
				var got string
				var spooled bool
				_, err := Run(t.Context(), source, SinkFunc(func(r *Record) error {
					if r.Failure != nil || !r.HasBody || r.Bytes != int64(size) || r.SHA256 != sum || !r.Hashed || r.WireBytes == 0 &&
						size > 0 {
						t.Errorf("%s, %d: %d and %d bytes, %v", name, size, r.Bytes, r.WireBytes, r.Failure)
					}
					text, err := io.ReadAll(r.OpenBody())
					got, spooled = string(text), r.Spool != nil
					if again, _ := io.ReadAll(r.OpenBody()); string(again) != got || (r.Body == nil) != spooled || spooled &&
						r.Spool.Size() != r.Bytes {
						t.Errorf("%s, %d: in memory %d bytes", name, size, len(r.Body))
					}
					return err
				}), noRetryOptions(func(o *Options) { o.BodyMemory = memory }))
				if err != nil || got != body || spooled != (memory > 0 && size > most) {
					t.Errorf("%s, %d over %d: in a file: %t, %d bytes, %v", name, size, memory, spooled, len(got), err)
				}
			}
		}
	}
}

// TestLargeBodiesThatAreWrong checks that large bodies fail as small ones do and leave no file, neither at the end nor
// for the next attempt.
func TestLargeBodiesThatAreWrong(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	text := strings.Repeat("x", 5000)
	length := func(n int) string { return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", n, text) }
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n" + text
	for _, tt := range []struct {
		name, says, sha string
		most            int64
		reset           bool
		want            failure.Kind
	}{
		{name: "whole", says: length(5000), want: ""},
		{name: "another hash", says: length(5000), sha: strings.Repeat("0", 64), want: failure.Checksum},
		{name: "too large, announced", says: length(5000), most: 4999, want: failure.TooLarge},
		{name: "too large, chunked", says: chunked + "\r\n0\r\n\r\n", most: 4999, want: failure.TooLarge},
		{name: "as large as may be", says: length(5000), most: 5000, want: ""},
		{name: "too large by far", says: length(5000), most: 2000, want: failure.TooLarge},
		{name: "too large by far, chunked", says: chunked + "\r\n0\r\n\r\n", most: 2000, want: failure.TooLarge},
		{name: "as large as memory may hold, and more", says: length(5000), most: 1000, want: failure.TooLarge},
		{name: "cut", says: length(5001), want: failure.Truncated},
		{name: "chunks cut", says: chunked, want: failure.Truncated},
		{name: "reset", says: length(5001), reset: true, want: failure.Reset},
		{name: "a broken coding", want: failure.Decode,
			says: strings.Replace(length(5000), "\r\n\r\nxx", "\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b", 1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := nettest.Talk(t, func(c *net.TCPConn) {
				nettest.ReadRequest(c)
				nettest.Say(c, tt.says)
				if tt.reset { // the reset may arrive before the body
					nettest.ResetOnClose(c)
					return
				}
				_ = c.CloseWrite()
				nettest.AwaitClose(c)
			})
			var sink recorder
			o := noRetryOptions(func(o *Options) {
				o.BodyMemory, o.Retries, o.RetryDelay = 1000, 2, 0
				if tt.most > 0 {
					o.MaxBody = tt.most
				}
			})
			if _, err := Run(t.Context(), sourceOf(Request{URL: url, SHA256: tt.sha}), &sink, o); err != nil {
				t.Fatal(err)
			}
			r := sink.records[0]
			if kindOf(r) != tt.want || r.Failure != nil && r.HasBody || r.Spool != nil || tt.want != failure.TooLarge &&
				tt.want != failure.Decode && tt.want != failure.Reset && r.Bytes != 5000 {
				t.Errorf("%s of %d bytes: %v", kindOf(r), r.Bytes, r.Failure)
			}
			// a buffer may be filled before its size is checked
			if most := max(tt.most+1, 4<<10); tt.most > 1000 && r.Bytes > most {
				t.Errorf("%d bytes were read, want no more than show that they are too many", r.Bytes)
			}
			if n := spooltest.OpenFiles(t); n > 0 {
				t.Errorf("%d temporary files are open", n)
			}
		})
	}
}
