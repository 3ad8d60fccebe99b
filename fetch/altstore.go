package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/transport"
)

// An altStore keeps in the cache which places serve origins over HTTP/3: a transport.AltStore. Each origin has an Entry
// without a body, which only runs find that accept the same certificates and have the same addresses given.
type altStore struct {
	store   cache.Store
	trust   string        // part of the keys
	network func() string // the network that the machine is in; "" is unknown
}

// newAltStore returns the altStore in a cache; trust is what the runs that find an Entry have in common.
func newAltStore(store cache.Store, trust string) *altStore {
	return &altStore{store, trust, sync.OnceValue(networkKey)}
}

// The fields of the Entry's header.
const (
	altField      = "Alt-Svc"
	altNetwork    = "Network"     // in which it was learned
	altPublicOnly = "Public-Only" // is there where only public addresses may be connected to
)

// key returns where what is kept for an origin is.
func (s *altStore) key(origin string) cache.Key {
	return sha256.Sum256([]byte("alternative services\n" + origin + "\n" + s.trust))
}

// Load is transport.AltStore's. What can't be read is not kept: the cache has said so.
func (s *altStore) Load(ctx context.Context, origin string) (transport.KeptAlternatives, bool) {
	found, err := s.store.Get(ctx, s.key(origin))
	if err != nil || found == nil {
		return transport.KeptAlternatives{}, false
	}
	defer found.Close()
	network := found.Header.Get(altNetwork)
	return transport.KeptAlternatives{Value: found.Header.Get(altField), Made: found.Received,
		PublicOnly: found.Header.Get(altPublicOnly) != "", Moved: network == "" || network != s.network()}, true
}

// Save is transport.AltStore's. What can't be written is not kept: the cache has said so.
func (s *altStore) Save(ctx context.Context, origin string, kept transport.KeptAlternatives) {
	w, err := s.store.Put(ctx, s.key(origin))
	if err != nil {
		return
	}
	defer w.Abort()
	entry := &cache.Entry{Status: http.StatusOK, Requested: kept.Made, Received: kept.Made,
		Header: http.Header{altField: {kept.Value}, altNetwork: {s.network()}}}
	if kept.PublicOnly {
		entry.Header.Set(altPublicOnly, "1")
	}
	_ = w.Commit(ctx, entry) // as above
}

// networkKey returns a hash of the networks that the machine's own addresses are in, by which one is known again: an
// alternative service that does not persist is for the network in which it was learned (RFC 7838 section 3.1).
func networkKey() string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	var networks []string
	for _, a := range addrs {
		n, is := a.(*net.IPNet)
		if is && n.IP.IsGlobalUnicast() {
			networks = append(networks, (&net.IPNet{IP: n.IP.Mask(n.Mask), Mask: n.Mask}).String())
		}
	}
	slices.Sort(networks)
	sum := sha256.Sum256(fmt.Append(nil, slices.Compact(networks)))
	return hex.EncodeToString(sum[:8])
}
