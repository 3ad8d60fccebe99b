package nettest

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// A DNSQuery is a query that a DNS server got.
type DNSQuery struct {
	Name     string // without the dot at its end, in lower case
	Type     dnsmessage.Type
	TCP      bool
	EDNS0    bool // it has the OPT record of RFC 6891
	Number   int  // of the queries for this name and type: 1 is the first
	UnderWay int  // queries that are not answered yet, this one included
}

// A DNSAnswer is what a DNS server answers. The zero DNSAnswer is an empty response (NODATA).
type DNSAnswer struct {
	Addrs    []string // of the family asked for; others are left out
	TTL      uint32   // of all records, in seconds
	CNAMEs   []string // the chain of names that leads to the addresses
	RCode    dnsmessage.RCode
	Delay    time.Duration // before the response
	Drop     bool          // there is no response
	Truncate bool          // over UDP: the TC flag, and no records
	Bare     bool          // the response has no question, as that of servers that can't read the query
	Lame     bool          // no recursion: with no records it is a referral
	Raw      []byte        // is sent as it is, behind the ID of the query
}

// A DNS is a DNS server on one address, over UDP and TCP, that a function answers for.
type DNS struct {
	Addr   string // host:port
	answer func(DNSQuery) DNSAnswer
	udp    net.PacketConn
	tcp    net.Listener
	wg     sync.WaitGroup
	ended  chan struct{}

	mu       sync.Mutex // guards all below
	queries  int
	underWay int
	most     int // under way at once
	asked    map[DNSQuery]int
}

// ListenDNS starts a DNS server. The caller closes it. answer is called once for each query, in a goroutine of its own.
func ListenDNS(addr string, answer func(DNSQuery) DNSAnswer) (*DNS, error) {
	const tries = 20 // to find a port that both have free
	var err error
	for range tries {
		d := &DNS{answer: answer, asked: make(map[DNSQuery]int), ended: make(chan struct{})}
		if d.udp, err = net.ListenPacket("udp", addr); err != nil {
			return nil, err
		}
		d.Addr = d.udp.LocalAddr().String()
		if d.tcp, err = net.Listen("tcp", d.Addr); err != nil {
			_ = d.udp.Close()
			continue
		}
		d.wg.Go(d.serveUDP)
		d.wg.Go(d.serveTCP)
		return d, nil
	}
	return nil, err
}

// StartDNS starts a DNS server on a free port of loopback, which ends with the test.
func StartDNS(t testing.TB, answer func(DNSQuery) DNSAnswer) *DNS {
	t.Helper()
	d, err := ListenDNS("127.0.0.1:0", answer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// PipeDNS returns a DNS server without a socket, for a test on virtual time: Pipe returns connections to it. The caller
// closes it, after those.
func PipeDNS(answer func(DNSQuery) DNSAnswer) *DNS {
	return &DNS{answer: answer, asked: make(map[DNSQuery]int), ended: make(chan struct{})}
}

// Pipe returns a connection to the server for one query, of which messages have their length in front, also for udp.
func (d *DNS) Pipe(network string) net.Conn {
	ours, theirs := net.Pipe()
	d.wg.Go(func() {
		defer func() { _ = theirs.Close() }()
		d.serveStream(theirs, network == "tcp")
		_, _ = io.Copy(io.Discard, theirs) // until the client closes it
	})
	return ours
}

// Close ends the server, and drops what it has not answered.
func (d *DNS) Close() {
	close(d.ended)
	if d.udp != nil {
		_, _ = d.udp.Close(), d.tcp.Close()
	}
	d.wg.Wait()
}

// Queries returns how many queries came, and how many of them were not answered at once, at most.
func (d *DNS) Queries() (all, most int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.queries, d.most
}

// Resolver returns one that asks this server in place of those of resolv.conf.
func (d *DNS) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, d.Addr)
	}}
}

func (d *DNS) serveUDP() {
	for {
		packet := make([]byte, 4096)
		n, from, err := d.udp.ReadFrom(packet)
		if err != nil {
			return
		}
		d.wg.Go(func() {
			if response := d.respond(packet[:n], false); response != nil {
				_, _ = d.udp.WriteTo(response, from)
			}
		})
	}
}

func (d *DNS) serveTCP() {
	for {
		c, err := d.tcp.Accept()
		if err != nil {
			return
		}
		d.wg.Go(func() {
			defer func() { _ = c.Close() }()
			_ = c.SetDeadline(time.Now().Add(10 * time.Second))
			d.serveStream(c, true)
		})
	}
}

// serveStream answers one query of a stream, where a message has its length in front.
func (d *DNS) serveStream(c net.Conn, overTCP bool) {
	var length [2]byte
	if _, err := io.ReadFull(c, length[:]); err != nil {
		return
	}
	query := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(c, query); err != nil {
		return
	}
	if response := d.respond(query, overTCP); response != nil {
		_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(response))), response...))
	}
}

// respond returns the response to a query; nil is none.
func (d *DNS) respond(query []byte, overTCP bool) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := DNSQuery{Name: strings.ToLower(strings.TrimSuffix(m.Questions[0].Name.String(), ".")), Type: m.Questions[0].Type}
	d.mu.Lock()
	d.queries++
	d.asked[q]++
	d.underWay++
	d.most = max(d.most, d.underWay)
	q.Number, q.UnderWay = d.asked[q], d.underWay
	d.mu.Unlock()
	q.TCP, q.EDNS0 = overTCP, len(m.Additionals) > 0
	a := d.answer(q)
	if a.Delay > 0 {
		select {
		case <-time.After(a.Delay):
		case <-d.ended:
		}
	}
	d.mu.Lock()
	d.underWay--
	d.mu.Unlock()
	switch {
	case a.Drop:
		return nil
	case a.Raw != nil:
		return append(query[:2:2], a.Raw...)
	}
	response, _ := a.pack(m, overTCP) // nil where it can't be packed
	return response
}

// pack returns the response to a query.
func (a *DNSAnswer) pack(m dnsmessage.Message, overTCP bool) ([]byte, error) {
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.RCode, m.Additionals = true, !a.Lame, a.RCode, nil
	if a.Bare {
		m.Questions = nil
	}
	if m.Truncated = a.Truncate && !overTCP; m.Truncated {
		return m.Pack()
	}
	header := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: a.TTL}
	for _, name := range a.CNAMEs {
		to := dnsmessage.MustNewName(name + ".")
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.CNAMEResource{CNAME: to}})
		header.Name = to
	}
	for _, text := range a.Addrs {
		addr := netip.MustParseAddr(text)
		switch {
		case addr.Is4() && q.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: addr.As4()}})
		case addr.Is6() && q.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers,
				dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
		}
	}
	return m.Pack()
}

// Nameserver returns a resolver that queries a DNS server on loopback. names has the addresses of each name: the first
// list for the first query of a type, and so on; the last list for all others. Other names do not exist (NXDOMAIN). The
// server ends with the test.
func Nameserver(t testing.TB, names map[string][][]string) *net.Resolver {
	t.Helper()
	return StartDNS(t, func(q DNSQuery) DNSAnswer {
		lists := names[q.Name]
		if lists == nil {
			return DNSAnswer{RCode: dnsmessage.RCodeNameError}
		}
		return DNSAnswer{Addrs: lists[min(q.Number, len(lists))-1]}
	}).Resolver()
}
