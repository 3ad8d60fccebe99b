package dial

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// TestAlerts: a server's alert in the handshake names what it means and the option that helps; one that may pass by
// itself may be retried as a reset.
func TestAlerts(t *testing.T) {
	const refused = "tls: 127.0.0.1 refused the handshake: "
	for _, tt := range []struct {
		alert   byte
		says    string
		option  string
		retryAs failure.Kind
	}{
		{40, refused + "it accepts nothing of what it is offered (alert 40)", OptionCommon, ""},
		{42, refused + "it does not accept the client certificate, or misses one (alert 42)", OptionCert, ""},
		{45, refused + "client certificate expired (alert 45)", OptionClientCert, ""},
		{70, refused + "it speaks none of the TLS versions that it is offered (alert 70)", OptionCommon, ""},
		{47, refused + "illegal parameter (alert 47)", OptionAddress, failure.Reset},
		{80, refused + "internal error (alert 80)", OptionAddress, failure.Reset},
		{112, refused + "it has no such name (alert 112)", OptionName, ""},
		{116, refused + "it wants a client certificate (alert 116)", OptionCert, ""},
		{200, refused + "tls: alert(200) (alert 200)", OptionAddress, failure.Reset},
	} {
		addr := strings.TrimPrefix(nettest.Talk(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 4096))
			nettest.Say(c, "\x15\x03\x03\x00\x02\x02"+string([]byte{tt.alert}))
			_ = c.CloseWrite()
			nettest.AwaitClose(c)
		}), "http://")
		dialer := New(Config{TLS: new(tls.Config), Family: "tcp", Private: PrivateAllow})
		_, _, err := dialer.DialTLS(t.Context(), addr)
		var f *failure.Failure
		if !errors.As(err, &f) || f.Kind != failure.TLS || f.Error() != tt.says || f.Option != tt.option ||
			f.RetryAs != tt.retryAs {
			t.Errorf("alert %d: got %+v", tt.alert, f)
		}
	}
}
