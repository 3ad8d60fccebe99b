package fetch

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport"
)

// TestRetryAtAnotherAddress: a host of two addresses, of which the first accepts connections and fails before a
// response, is retried at the other, and later requests begin there.
func TestRetryAtAnotherAddress(t *testing.T) {
	for name, fails := range map[string]func(c *net.TCPConn){
		"closes": func(*net.TCPConn) {},
		"resets": nettest.ResetOnClose,
		"closes after the request": func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 1))
			_ = c.CloseWrite()
		},
		"is silent": func(c *net.TCPConn) { go nettest.AwaitClose(c); nettest.AwaitClose(c) },
	} {
		for _, version := range []transport.Version{transport.HTTP1, transport.HTTP2} {
			for _, scheme := range []string{"http", "https"} {
				t.Run(strings.Join([]string{name, scheme, string(version)}, " "), func(t *testing.T) {
					url, roots := startAtTwoAddresses(t, scheme == "https", fails)
					o := noRetryOptions(func(o *Options) {
						o.Retries, o.RetryDelay, o.HTTP, o.StallTimeout = 1, 0, version, 200*time.Millisecond
						o.ConnectTimeout = time.Second
						o.TLS = roots
					})
					n := testNetwork(t, map[string][][]string{"example.com": {{"127.0.0.2", "127.0.0.3"}}})
					sink := runIn(t, o, n, url+"/1", url+"/2")
					if attempts := sink.records[0].Attempts + sink.records[1].Attempts; sink.kinds() != "ok ok" || attempts > 3 {
						t.Errorf("%s after %d attempts", sink.kinds(), attempts)
					}
				})
			}
		}
	}
}

// startAtTwoAddresses starts a server for example.com on 127.0.0.3, and one that fails on 127.0.0.2 at the same port.
func startAtTwoAddresses(t *testing.T, secure bool, fails func(c *net.TCPConn)) (url string, roots *tls.Config) {
	t.Helper()
	good, err := net.Listen("tcp", "127.0.0.3:0")
	if err != nil {
		t.Skipf("no further address on loopback: %v", err)
	}
	_, port, _ := net.SplitHostPort(good.Addr().String())
	bad, err := net.Listen("tcp", "127.0.0.2:"+port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bad.Close() })
	go func() {
		for {
			c, err := bad.Accept()
			if err != nil {
				return
			}
			go func() {
				fails(c.(*net.TCPConn))
				_ = c.Close()
			}()
		}
	}()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	_ = server.Listener.Close()
	server.Listener, server.EnableHTTP2 = good, true
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetHTTP2(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	scheme := "http"
	if secure {
		scheme = "https"
		server.StartTLS()
		roots = server.Client().Transport.(*http.Transport).TLSClientConfig
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return scheme + "://example.com:" + port, roots
}
