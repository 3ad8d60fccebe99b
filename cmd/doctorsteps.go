package cmd

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

// doctorSteps are what a connection met on its way, as it came: several addresses may be tried at once.
type doctorSteps struct {
	mu    sync.Mutex // guards lines
	lines [][2]string
}

func (s *doctorSteps) add(step, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, [2]string{step, fmt.Sprintf(format, args...)})
}

// take returns the steps, each its name and what there is to say, and forgets them.
func (s *doctorSteps) take() [][2]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := s.lines
	s.lines = nil
	return lines
}

// trace returns a context whose dials are told of.
func (s *doctorSteps) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSDone: func(info httptrace.DNSDoneInfo) {
			if info.Err != nil {
				s.add("name", "%v", info.Err)
				return
			}
			addresses := make([]string, len(info.Addrs))
			for i, a := range info.Addrs {
				addresses[i] = a.String()
			}
			s.add("name", "has %s", strings.Join(addresses, ", "))
		},
		ConnectDone: func(_, address string, err error) {
			if err != nil {
				s.add("connect", "%v", err)
				return
			}
			s.add("connect", "%s", address)
		},
	})
}

// addTLS adds a TLS connection whose certificate has been accepted; it never refuses one.
func (s *doctorSteps) addTLS(state tls.ConnectionState) error {
	protocol := state.NegotiatedProtocol
	if protocol == "" {
		protocol = "no protocol chosen, so HTTP/1.1"
	}
	s.add("tls", "%s, %s, %s", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite), protocol)
	if len(state.PeerCertificates) > 0 {
		leaf := state.PeerCertificates[0]
		names := leaf.DNSNames
		for _, ip := range leaf.IPAddresses {
			names = append(names, ip.String())
		}
		if len(names) > 5 {
			names = append(names[:5:5], "…")
		}
		s.add("tls", "certificate for %s, by %s, until %s", strings.Join(names, " "), leaf.Issuer.CommonName,
			leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	return nil
}
