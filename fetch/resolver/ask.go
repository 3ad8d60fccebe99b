package resolver

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// maxDatagram is the size of the buffer for a response over UDP. net.Resolver announces 1,232 bytes (RFC 6891).
const maxDatagram = 4096

// ask sends a query to a server and returns what it answers before ctx ends. It asks again over TCP where the response
// is truncated, and without EDNS0 where the server refuses that, or where plain is true.
func (r *Resolver) ask(ctx context.Context, network, server string, query []byte, plain bool) reply {
	q, err := questionOf(query)
	if err != nil {
		return reply{server: server, err: err}
	}
	plain = plain || r.servers.isPlain(server)
	if plain {
		query = withoutOptions(query)
	}
	got := r.askOver(ctx, network, server, query, q)
	if got.isRefusedOption() && !plain {
		if again := r.askOver(ctx, network, server, withoutOptions(query), q); again.isConclusive() {
			r.servers.setPlain(server)
			query, got = withoutOptions(query), again
		}
	}
	if got.truncated && network == "udp" {
		if whole := r.askOver(ctx, "tcp", server, query, q); whole.err == nil || len(got.addrs) == 0 {
			got = whole // else a part of the addresses is better than none
		}
	}
	if len(got.raw) > 2 {
		got.raw[2] &^= 0x02 // TC: net.Resolver would ask again
	}
	return got
}

// askOver asks once over udp or tcp.
func (r *Resolver) askOver(ctx context.Context, network, server string, query []byte, q dnsmessage.Question) reply {
	c, err := r.Dial(ctx, network, server)
	if err != nil {
		return reply{server: server, err: err}
	}
	defer func() { _ = c.Close() }()                                              // the response has come, or never will
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // a time in the past ends reads
	defer stop()
	id := uint16(rand.Uint32()) //nolint:gosec // the low half: math/rand/v2 is ChaCha8, seeded by the system
	message := withID(query, id)
	_, isPacket := c.(net.PacketConn)
	if !isPacket {
		message = append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...) //nolint:gosec // < 512
	}
	if _, err := c.Write(message); err != nil {
		return reply{server: server, err: err}
	}
	for {
		raw, err := readMessage(c, isPacket)
		if err != nil {
			return reply{server: server, err: err}
		}
		if got := parseReply(raw, id, q); got != nil {
			r.servers.hear(server)
			got.server = server
			return *got
		}
		if !isPacket {
			return reply{server: server, err: errMalformed}
		}
	}
}

// readMessage reads one message: a datagram, or from a stream one behind its length (RFC 7766 section 8).
func readMessage(c net.Conn, isPacket bool) ([]byte, error) {
	if isPacket {
		buffer := make([]byte, maxDatagram)
		n, err := c.Read(buffer)
		return buffer[:n], err
	}
	var length [2]byte
	if _, err := io.ReadFull(c, length[:]); err != nil {
		return nil, unexpected(err)
	}
	message := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(c, message)
	return message, unexpected(err)
}

// unexpected returns io.ErrUnexpectedEOF for the end of a stream within a message.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
