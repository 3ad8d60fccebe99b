#!/usr/bin/env bash
# Go's HPACK decoder refuses a header block that Go's HPACK encoder writes.
#
# Expected: a table that was made smaller and then larger between two blocks is told by two size updates at the start of
#   the next one, the smallest and the last: RFC 7541 (4.2) asks for both, so a decoder takes both.
# Seen: golang.org/x/net v0.62.0. Its Encoder writes the two, as it should; its Decoder takes the first and ends with
#   "dynamic table size update MUST occur at the beginning of a header block" at the second, where anything is left in
#   the table. With a table that the first update has emptied it takes both, which is what tests tend to try.
# Why: to the decoder only the very first update stands at the beginning, unless the table is empty.
# Why it matters: net/http and what is built on this package end the whole HTTP/2 connection for it (COMPRESSION_ERROR),
#   with all requests under way, of a server or proxy that trims its tables when memory is short and lets them grow again.
set -euo pipefail

dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'MOD'
module check
go 1.24
require golang.org/x/net v0.62.0
MOD
cat >main.go <<'GO'
package main

import (
	"bytes"
	"fmt"
	"os"

	"golang.org/x/net/http2/hpack"
)

// twice sends a field, changes the size of the encoder's table to smallest and back, and sends another one. It returns
// the second block and what the decoder says of it.
func twice(smallest uint32) ([]byte, error) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	decoder := hpack.NewDecoder(4096, func(hpack.HeaderField) {})
	decode := func() error {
		if _, err := decoder.Write(block.Bytes()); err != nil {
			return err
		}
		return decoder.Close() // the end of the block
	}
	encoder.WriteField(hpack.HeaderField{Name: "x-one", Value: "1"})
	if err := decode(); err != nil {
		panic(err)
	}
	block.Reset()
	encoder.SetMaxDynamicTableSize(smallest)
	encoder.SetMaxDynamicTableSize(4096)
	encoder.WriteField(hpack.HeaderField{Name: "x-two", Value: "1"})
	err := decode()
	return block.Bytes(), err
}

func main() {
	kept, refused := twice(1024)
	emptied, taken := twice(0)
	fmt.Printf("4096, 1024, 4096: %x: %v\n", kept, refused)
	fmt.Printf("4096, 0, 4096:    %x: %v\n", emptied, taken)
	if refused == nil || taken != nil {
		os.Exit(1)
	}
}
GO
export GOFLAGS=-mod=mod GOPATH=$dir/go GOCACHE=${GOCACHE:-$dir/cache}
timeout 300 go build -o check . &>build.log
go version
go list -m golang.org/x/net
./check
