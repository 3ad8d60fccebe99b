package h3

import (
	"net"
	"os"
	"sync"

	"golang.org/x/net/ipv4"
)

// packets is a UDP socket that is connected to one address, as package quic uses one. The kernel then lets nothing
// through that comes from elsewhere, so that the connection can't move to another address, and tells of a closed port
// (ICMP) by the error of the next read or write.
type packets struct {
	*net.UDPConn
	batch *ipv4.PacketConn // reads several packets at once, of IPv6 too
}

// newPackets returns packets over c, which it owns from then on.
func newPackets(c *net.UDPConn) *packets {
	quietBuffers()
	return &packets{UDPConn: c, batch: ipv4.NewPacketConn(c)}
}

// WriteTo is net.PacketConn's.
func (p *packets) WriteTo(b []byte, _ net.Addr) (int, error) { return p.Write(b) }

// WriteMsgUDP is quic.OOBCapablePacketConn's.
func (p *packets) WriteMsgUDP(b, oob []byte, _ *net.UDPAddr) (n, oobn int, err error) {
	return p.UDPConn.WriteMsgUDP(b, oob, nil)
}

// ReadBatch reads several packets at once. Systems that do not name the sender of a connected socket's packet mean its
// only one.
func (p *packets) ReadBatch(messages []ipv4.Message, flags int) (int, error) {
	n, err := p.batch.ReadBatch(messages, flags)
	for i := range messages[:max(n, 0)] {
		if messages[i].Addr == nil {
			messages[i].Addr = p.RemoteAddr()
		}
	}
	return n, err
}

// quietBuffers keeps package quic from writing to standard error that a socket's buffers are smaller than it wants. It
// has no other way than that variable.
var quietBuffers = sync.OnceFunc(func() {
	_ = os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true") // an error leaves the warning
})
