package cmd_test

import (
	"io"
	"net"
	"net/url"
	"strconv"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// startRelay is the command relay.
func startRelay(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) == 3, "relay NAME URL BYTES")
	target, err := url.Parse(args[1])
	ts.Check(err)
	limit, err := strconv.ParseInt(args[2], 10, 64)
	ts.Check(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { relayUntil(client.(*net.TCPConn), target.Host, limit) })
		}
	})
	ts.Defer(func() { _ = listener.Close(); running.Wait() })
	ts.Setenv(args[0], target.Scheme+"://"+listener.Addr().String())
}

// relayUntil copies between client and the server at address, until limit bytes of the server's have passed or one of
// them has ended. Then the client is told the end of the stream, and what it still sends is read: unread bytes would
// make a reset of it, which may take from it what has arrived.
func relayUntil(client *net.TCPConn, address string, limit int64) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	var sending sync.WaitGroup
	sending.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.(*net.TCPConn).CloseWrite() // else a server waits for the next request of a client that has gone
		_, _ = io.Copy(io.Discard, client)
	})
	_, _ = io.Copy(client, io.LimitReader(server, limit))
	_, _ = client.CloseWrite(), server.Close()
	sending.Wait()
}
