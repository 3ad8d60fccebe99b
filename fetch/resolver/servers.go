package resolver

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// restFor is how long a server that was silent is asked after the others.
const restFor = 30 * time.Second

// servers is what is known of the servers that were asked, by host:port.
type servers struct {
	mu    sync.Mutex // guards byAddr and what it leads to
	known map[string]*serverState
}

// A serverState is what is known of one server.
type serverState struct {
	heard  time.Time // when it answered last, whatever it said
	silent time.Time // when it last did not answer in time; zero: never
	plain  bool      // it does not know EDNS0
}

// maxServers bounds the servers that are known; resolv.conf has three, and may change.
const maxServers = 64

func (s *servers) of(server string) *serverState {
	state := s.known[server]
	if state == nil {
		if s.known == nil || len(s.known) >= maxServers {
			s.known = make(map[string]*serverState)
		}
		state = new(serverState)
		s.known[server] = state
	}
	return state
}

// hear records that a server answered.
func (s *servers) hear(server string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := s.of(server)
	state.heard, state.silent = time.Now(), time.Time{}
}

// miss records that a server has not answered a query that was sent at that time; one that has answered another since
// is not silent.
func (s *servers) miss(server string, sent time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state := s.of(server); state.heard.Before(sent) {
		state.silent = time.Now()
	}
}

// isPlain reports whether a server does not know EDNS0; setPlain records it.
func (s *servers) isPlain(server string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of(server).plain
}

func (s *servers) setPlain(server string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(server).plain = true
}

// order returns servers in the order in which to ask them: as they are, but those that were silent lately last.
func (s *servers) order(listed []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	var awake, resting []string
	for _, server := range listed {
		if silent := s.of(server).silent; !silent.IsZero() && now.Sub(silent) < restFor {
			resting = append(resting, server)
			continue
		}
		awake = append(awake, server)
	}
	return append(awake, resting...)
}

// resolvConf reads the servers in /etc/resolv.conf, and again once it has changed. net.Resolver does so too, and
// decides by it; here they are read to know which others there are beside the one that it asks.
type resolvConf struct {
	mu      sync.Mutex // guards all below
	checked time.Time
	changed time.Time // of the file, when it was read
	listed  []string
}

// servers returns the servers of the file from first on, and those before it: the option rotate chooses another first.
// A first that is not in the file is the only one.
func (c *resolvConf) servers(first string) []string {
	listed := c.read()
	at := slices.Index(listed, first)
	if at < 0 {
		return []string{first}
	}
	return append(slices.Clone(listed[at:]), listed[:at]...)
}

// isAssumed reports whether net.Resolver asks a server on this machine as /etc/resolv.conf names none, or is not there.
func isAssumed(server string) bool {
	return (server == "127.0.0.1:53" || server == "[::1]:53") && len(new(resolvConf).read()) == 0
}

// read returns the servers in the file as net.Resolver has them: at most three. The slice is shared.
func (c *resolvConf) read() []string {
	const every, path, most = 5 * time.Second, "/etc/resolv.conf", 3
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.checked) < every {
		return c.listed
	}
	c.checked = now
	info, err := os.Stat(path)
	if err != nil || info.ModTime().Equal(c.changed) {
		return c.listed
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return c.listed
	}
	c.changed, c.listed = info.ModTime(), nil
	for line := range bytes.Lines(text) {
		fields := strings.Fields(string(line))
		if len(fields) < 2 || fields[0] != "nameserver" || len(c.listed) == most {
			continue
		}
		if _, err := netip.ParseAddr(fields[1]); err == nil {
			c.listed = append(c.listed, net.JoinHostPort(fields[1], "53")) // as it is written, as net.Resolver has it
		}
	}
	return c.listed
}
