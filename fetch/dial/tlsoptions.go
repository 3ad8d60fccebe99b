package dial

// The values of Failure.Option of a failed TLS handshake that are no names of options.
const (
	OptionCert       = "cert"         // it may want a client certificate
	OptionClientCert = "client-cert"  // it does not accept the client certificate
	OptionChain      = "chain"        // it sends no intermediate certificate
	OptionCommon     = "common"       // the two have no cipher suite, or no kind of key, in common
	OptionName       = "server-name"  // it has no certificate for the name
	OptionAddress    = "address"      // it has trouble of its own, and was asked by an address
	OptionServer     = "server-fault" // it has trouble of its own
	OptionUnreadable = "unreadable"   // what it sent can't be used
	OptionTickets    = "tickets"      // it sends too many session tickets
	OptionNoRoots    = "no-roots"     // this machine has no certificate of an authority
	OptionHello      = "hello"        // it did not answer a large ClientHello
)
