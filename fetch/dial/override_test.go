package dial

import (
	"fmt"
	"testing"
)

// TestParseOverride: curl's syntax is read, and errors say what is wrong with anything else.
func TestParseOverride(t *testing.T) {
	for text, want := range map[string]string{
		"a.test:443:192.0.2.1":             "{a.test 443 [192.0.2.1]}",
		"A.Test.:443:192.0.2.1, 192.0.2.2": "{a.test 443 [192.0.2.1 192.0.2.2]}",
		"a.test:443:[2001:db8::1],::1":     "{a.test 443 [2001:db8::1 ::1]}",
		"+a.test:80:192.0.2.1":             "{a.test 80 [192.0.2.1]}",
		"*:80:127.0.0.1":                   "{* 80 [127.0.0.1]}",
		"[2001:db8::1]:80:127.0.0.1":       "{2001:db8::1 80 [127.0.0.1]}",
		"bücher.example:80:127.0.0.1":      "{xn--bcher-kva.example 80 [127.0.0.1]}",
		"a.test:80":                        "is not HOST:PORT:ADDRESS",
		"a.test":                           "is not HOST:PORT:ADDRESS",
		":80:127.0.0.1":                    "is not HOST:PORT:ADDRESS",
		"a.test:0:127.0.0.1":               "has a port that is not 1 to 65535",
		"a.test:http:127.0.0.1":            "has a port that is not 1 to 65535",
		"a.test:65536:127.0.0.1":           "has a port that is not 1 to 65535",
		"a.test:80:":                       `has "" where an IP address belongs`,
		"a.test:80:b.test":                 `has "b.test" where an IP address belongs`,
		"a.test:80:127.0.0.1,":             `has "" where an IP address belongs`,
		"-a.test:80":                       "starts with -, which takes away what was never kept",
		"[a.test]:80:127.0.0.1":            "has brackets around what is no IPv6 address",
	} {
		o, err := ParseOverride(text)
		got := fmt.Sprintf("{%s %d %v}", o.Host, o.Port, o.Addrs)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestOverridesByHost: the later of two Overrides counts, and * is for hosts without one.
func TestOverridesByHost(t *testing.T) {
	var list []Override
	for _, text := range []string{"a.test:80:192.0.2.1", "a.test:80:192.0.2.2", "*:80:192.0.2.3", "[::1]:80:192.0.2.4"} {
		o, err := ParseOverride(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
	p := indexOverrides(list)
	for _, tt := range []struct{ host, port, want string }{
		{"a.test", "80", "[192.0.2.2]"}, {"A.TEST.", "80", "[192.0.2.2]"}, {"b.test", "80", "[192.0.2.3]"},
		{"::1", "80", "[192.0.2.4]"}, {"a.test", "443", "[]"},
	} {
		if got := fmt.Sprint(p.of(tt.host, tt.port)); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.host, tt.port, got, tt.want)
		}
	}
}
