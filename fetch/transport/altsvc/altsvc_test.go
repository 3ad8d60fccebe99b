package altsvc

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

const day = 24 * time.Hour

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		field string // lines of it are several fields
		want  []Service
		clear bool
	}{
		{field: `h3=":443"`, want: []Service{{"h3", "", 443, day, false}}},
		{field: `h3=":443"; ma=2592000`, want: []Service{{"h3", "", 443, 30 * day, false}}}, // Caddy, nginx
		{field: `h3=":443"; ma=86400, h3-29=":443"; ma=86400`,
			want: []Service{{"h3", "", 443, day, false}, {"h3-29", "", 443, day, false}}}, // large sites
		{field: `h3="alt.Example.COM:8443";ma=60;persist=1`,
			want: []Service{{"h3", "alt.example.com", 8443, time.Minute, true}}},
		{field: `h2="a.test:1", h3="[2001:db8::1]:2"`,
			want: []Service{{"h2", "a.test", 1, day, false}, {"h3", "2001:db8::1", 2, day, false}}},
		{field: "h3=\":1\"\nh2=\":2\"", want: []Service{{"h3", "", 1, day, false}, {"h2", "", 2, day, false}}},
		{field: ` , h3=":1" ,, `, want: []Service{{"h3", "", 1, day, false}}},
		{field: "\th3=\":1\"\t;\tma=\"5\" ", want: []Service{{"h3", "", 1, 5 * time.Second, false}}},
		{field: `h3=":1"; MA=0; Persist=2; other=x; more="a,;b"`, want: []Service{{"h3", "", 1, 0, false}}},
		{field: `h3=":1"; ma=99999999999999999999999`,
			want: []Service{{"h3", "", 1, math.MaxInt32 * time.Second, false}}},
		{field: `w%3Dx%3Ay%23z=":1"`, want: []Service{{"w=x:y#z", "", 1, day, false}}}, // RFC 7838 section 3
		{field: `h3=":\4\4\3"`, want: []Service{{"h3", "", 443, day, false}}},
		{field: `clear`, clear: true},
		{field: "h3=\":1\"\n clear ", clear: true},
		{field: `Clear`}, // it is case-sensitive
		{field: `"clear"`},

		// what is not valid takes nothing else with it
		{field: `h3=:443, h3=":1"`, want: []Service{{"h3", "", 1, day, false}}},
		{field: `h3=":443" x, h3=":1"`, want: []Service{{"h3", "", 1, day, false}}},
		{field: `h3=":443; ma=1, h3=":1"`},
		{field: `h3=":443"; ma=-1`},
		{field: `h3=":443"; ma=`},
		{field: `h3=":443"; ma=1.5`},
		{field: `h3=":443"; ma`},
		{field: `h3=":443"; ma="1`},
		{field: `h3=":443"; =1`},
		{field: `h3=":0"`},
		{field: `h3=":65536"`},
		{field: `h3=":"`},
		{field: `h3=""`},
		{field: `h3="443"`},
		{field: `h3="a b:1"`},
		{field: `h3="user@a.test:1"`},
		{field: `h3="a.test/x:1"`},
		{field: `h3="2001:db8::1:1"`},
		{field: `h3="[fe80::1%eth0]:1"`},
		{field: `h3="[127.0.0.1]:1"`},
		{field: `h3="[2001:db8::1:1"`},
		{field: `h3="münchen.test:1"`},
		{field: `h3="` + strings.Repeat("a", 254) + `:1"`},
		{field: `=":1"`},
		{field: `h 3=":1"`},
		{field: `h%3=":1"`},
		{field: `h%zz=":1"`},
		{field: `h3`},
		{field: ``},
	} {
		got, none := Parse(strings.Split(tt.field, "\n"))
		if !reflect.DeepEqual(got, tt.want) || none != tt.clear {
			t.Errorf("%s: %v, clear %v, want %v, %v", tt.field, got, none, tt.want, tt.clear)
		}
	}
}

// TestParseIsBounded: a field as large as a header may be.
func TestParseIsBounded(t *testing.T) {
	got, _ := Parse([]string{strings.Repeat(`h3=":1", `, 10_000), `h3=":2"`})
	if len(got) != maxServices {
		t.Errorf("%d services", len(got))
	}
}

// FuzzParse: what is parsed can be written, and is parsed as the same again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`h3=":443"; ma=2592000; persist=1, h2="a.test:1"`, "clear", `h3="[::1]:1";x="\"a"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, field string) {
		services, none := Parse([]string{field})
		if none && services != nil || len(services) > maxServices {
			t.Fatalf("%v with %d services", none, len(services))
		}
		for _, s := range services {
			host := s.Host
			if strings.Contains(host, ":") {
				host = "[" + host + "]"
			}
			if s.Port == 0 || s.MaxAge < 0 || strings.ContainsAny(host, " /@\"\\\r\n") {
				t.Errorf("%+v", s)
			}
			var protocol strings.Builder
			for _, c := range []byte(s.Protocol) {
				fmt.Fprintf(&protocol, "%%%02x", c)
			}
			persist := map[bool]int{true: 1}[s.Persist]
			again := fmt.Sprintf(`%s="%s:%d";ma=%d;persist=%d`, &protocol, host, s.Port, int64(s.MaxAge/time.Second), persist)
			if same, _ := Parse([]string{again}); len(same) != 1 || same[0] != s {
				t.Errorf("%s is parsed as %+v", again, same)
			}
		}
	})
}
