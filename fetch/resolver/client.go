package resolver

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// maxDatagram is the size of the buffer for a response over UDP. net.Resolver announces 1,232 bytes (RFC 6891).
const maxDatagram = 4096

// A client asks servers for all look-ups of a Resolver. Any goroutine may use it.
type client struct {
	dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	listed  func(first string) []string // see Config.Servers
	servers servers

	ctx    context.Context // of all look-ups and exchanges
	cancel context.CancelFunc

	mu         sync.Mutex     // guards closed, and that nothing is added to background once it is
	background sync.WaitGroup // look-ups, exchanges and queries under way
	closed     bool
}

func newClient(c Config) *client {
	made := &client{dial: c.Dial, listed: c.Servers}
	made.ctx, made.cancel = context.WithCancel(context.Background())
	return made
}

// start runs work in a goroutine that close waits for, and reports whether it does: a closed client starts nothing. It
// may be called beside close, as net.Resolver sends queries by goroutines that outlast the look-up.
func (c *client) start(work func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.background.Go(work)
	}
	return !c.closed
}

// close ends what is under way, and waits for its goroutines.
func (c *client) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.background.Wait()
}

// ask sends a query to a server and returns what it answers before ctx ends. It asks again over TCP where the response
// is truncated, and without EDNS0 where the server refuses that, or where plain is true.
func (c *client) ask(ctx context.Context, network, server string, query []byte, plain bool) reply {
	q, err := questionOf(query)
	if err != nil {
		return reply{server: server, err: err}
	}
	plain = plain || c.servers.isPlain(server)
	if plain {
		query = withoutOptions(query)
	}
	got := c.askOver(ctx, network, server, query, q)
	if got.isRefusedOption() && !plain {
		if again := c.askOver(ctx, network, server, withoutOptions(query), q); again.isConclusive() {
			c.servers.setPlain(server)
			query, got = withoutOptions(query), again
		}
	}
	if got.truncated && network == "udp" {
		if whole := c.askOver(ctx, "tcp", server, query, q); whole.err == nil || len(got.addrs) == 0 {
			got = whole // else a part of the addresses is better than none
		}
	}
	if len(got.raw) > 2 {
		got.raw[2] &^= 0x02 // TC: net.Resolver would ask again
	}
	return got
}

// askOver asks once over udp or tcp.
func (c *client) askOver(ctx context.Context, network, server string, query []byte, q dnsmessage.Question) reply {
	conn, err := c.dial(ctx, network, server)
	if err != nil {
		return reply{server: server, err: err}
	}
	defer func() { _ = conn.Close() }()                                              // answered, or never will be
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // in the past: it ends reads
	defer stop()
	id := uint16(rand.Uint32()) //nolint:gosec // the low half: math/rand/v2 is ChaCha8, seeded by the system
	message := withID(query, id)
	_, isPacket := conn.(net.PacketConn)
	if !isPacket {
		message = append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...) //nolint:gosec // < 512
	}
	if _, err := conn.Write(message); err != nil {
		return reply{server: server, err: err}
	}
	for {
		raw, err := readMessage(conn, isPacket)
		if err != nil {
			return reply{server: server, err: err}
		}
		if got := parseReply(raw, id, q); got != nil {
			c.servers.hear(server)
			got.server = server
			return *got
		}
		if !isPacket {
			return reply{server: server, err: errMalformed}
		}
	}
}

// readMessage reads one message: a datagram, or from a stream one behind its length (RFC 7766 section 8).
func readMessage(conn net.Conn, isPacket bool) ([]byte, error) {
	if isPacket {
		buffer := make([]byte, maxDatagram)
		n, err := conn.Read(buffer)
		return buffer[:n], err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, unexpected(err)
	}
	message := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(conn, message)
	return message, unexpected(err)
}

// unexpected returns io.ErrUnexpectedEOF for the end of a stream within a message.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
