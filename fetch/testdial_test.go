package fetch

// testDial is the configuration of the dialer that newTransport makes for direct connections.
func (c transportConfig) testDial() dialConfig {
	c.Dial.TLS, c.Dial.Private = tlsConfig(c.TLS, c.HTTP), PrivateAllow
	return c.Dial
}
