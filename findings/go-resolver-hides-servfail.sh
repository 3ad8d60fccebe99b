#!/usr/bin/env bash
# Go's resolver says "no such host" for a name whose resolver is in trouble, as soon as the name has no IPv6 address.
#
# Expected: a name server that answers SERVFAIL to the question for A, and an empty answer to that for AAAA, is in
#   trouble: net.Resolver returns a temporary error ("server misbehaving"), as it does where only A is asked for. A
#   caller who tells "try again" from "never" by DNSError.IsNotFound and IsTemporary would try again.
# Seen: Go 1.26.8, the resolver in Go (PreferGo, as on Linux by default). Asked for "ip4": IsTemporary, "server
#   misbehaving". Asked for "ip", as http.Transport and net.Dialer do for "tcp": IsNotFound, not temporary, "no such
#   host". The two questions go out side by side, and of two errors for one name the last one read stays; the empty
#   answer for AAAA, which most names on the internet give, is read second.
# Why it matters: a resolver that is overloaded for ten seconds (SERVFAIL is what unbound, BIND and cloud resolvers say
#   then) turns names that exist into names that do not. A batch fetcher that does not retry "no such host" loses them
#   for good, and one that reports it sends its user to look for a misspelt name. The codes have to be read from the
#   messages themselves.
set -euo pipefail

dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'END'
module finding

go 1.26

require golang.org/x/net v0.62.0
END
cat >main.go <<'END'
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// answer is SERVFAIL to a question for A, and an empty answer without an error to any other.
func answer(server net.PacketConn) {
	buffer := make([]byte, 1500)
	for {
		n, from, err := server.ReadFrom(buffer)
		if err != nil {
			return
		}
		var message dnsmessage.Message
		if message.Unpack(buffer[:n]) != nil || len(message.Questions) != 1 {
			continue
		}
		message.Response, message.RecursionAvailable, message.Additionals = true, true, nil
		if message.Questions[0].Type == dnsmessage.TypeA {
			message.RCode = dnsmessage.RCodeServerFailure
		}
		if packed, err := message.Pack(); err == nil {
			_, _ = server.WriteTo(packed, from)
		}
	}
}

func main() {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go answer(server)
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	fmt.Println(runtime.Version())
	var failed [2]*net.DNSError
	for i, network := range []string{"ip4", "ip"} {
		_, err := resolver.LookupNetIP(ctx, network, "api.test.")
		if !errors.As(err, &failed[i]) {
			fmt.Println("another error:", err)
			os.Exit(1)
		}
		fmt.Printf("%s: not found %t, temporary %t: %s\n", network, failed[i].IsNotFound, failed[i].IsTemporary, failed[i].Err)
	}
	if failed[0].IsNotFound || !failed[0].IsTemporary || !failed[1].IsNotFound || failed[1].IsTemporary {
		fmt.Println("not as seen before")
		os.Exit(1)
	}
}
END
GOTOOLCHAIN=go1.26.8 GOFLAGS=-mod=mod GOPATH=$dir/path timeout 300 go run .
