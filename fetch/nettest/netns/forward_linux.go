package netns

import (
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A Path is how a Link forwards packets, the same in both directions. With an MTU of 1500 a link carries about 100
// MB/s on a core, with 9000 about 500.
type Path struct {
	RTT       time.Duration // half of it is the delay in each direction
	Bandwidth float64       // bytes a second in each direction; 0 is no limit
	Queue     time.Duration // packets that would wait longer for bandwidth are dropped; 0 is 100 ms
	Loss      float64       // the share of packets that are dropped, in each direction
	MTU       int           // of the devices: a packet has no more bytes, with its headers; 0 is 1500
}

// A forwarder forwards packets by a Path, whose MTU is set.
type forwarder struct {
	path Path
	drop atomic.Pointer[func(toServer bool, packet []byte) bool] // see Link.Drop; nil is none
}

// isDropped reports whether a packet is not forwarded.
func (f *forwarder) isDropped(toServer bool, packet []byte) bool {
	if f.path.Loss > 0 && rand.Float64() < f.path.Loss {
		return true
	}
	drop := f.drop.Load()
	return drop != nil && *drop != nil && (*drop)(toServer, packet)
}

// A delayedPacket is a packet under way, from packetBuffers, and when it arrives.
type delayedPacket struct {
	buffer *[]byte
	size   int
	due    time.Time
}

// mostUnderWay bounds the packets under way in one direction.
const mostUnderWay = 1 << 16

// forward forwards the packets of one direction until from is closed.
func (f *forwarder) forward(from, to *os.File, toServer bool) {
	buffers := sync.Pool{New: func() any { b := make([]byte, f.path.MTU); return &b }}
	underWay := make(chan delayedPacket, mostUnderWay)
	var delivering sync.WaitGroup
	delivering.Go(func() {
		for p := range underWay {
			time.Sleep(time.Until(p.due))
			_, _ = to.Write((*p.buffer)[:p.size]) // where it fails the packet is lost
			buffers.Put(p.buffer)
		}
	})
	var sentAt time.Time // when the last packet has left the bottleneck
	for {
		buffer := buffers.Get().(*[]byte)
		n, err := from.Read(*buffer)
		if err != nil {
			break
		}
		now := time.Now()
		if sentAt.Before(now) {
			sentAt = now
		}
		if f.isDropped(toServer, (*buffer)[:n]) || sentAt.Sub(now) > f.path.queue() {
			buffers.Put(buffer)
			continue
		}
		if f.path.Bandwidth > 0 {
			sentAt = sentAt.Add(time.Duration(float64(n) / f.path.Bandwidth * float64(time.Second)))
		}
		underWay <- delayedPacket{buffer, n, sentAt.Add(f.path.RTT / 2)}
	}
	close(underWay)
	delivering.Wait()
}

// queue is Path.Queue or its default.
func (p *Path) queue() time.Duration {
	if p.Queue == 0 {
		return 100 * time.Millisecond
	}
	return p.Queue
}
