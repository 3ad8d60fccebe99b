package login

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// challenged returns the strongest challenge of WWW-Authenticate lines.
func challenged(lines ...string) *digestChallenge {
	return strongest(http.Header{"Www-Authenticate": lines})
}

// TestAuthorization checks the responses to the challenges of RFC 7616 section 3.9 (the second one as OpenSSL's
// SHA-512/256 has it: the text of the RFC cuts off a SHA-512) and of RFC 2069.
func TestAuthorization(t *testing.T) {
	mufasa := Credentials{"Mufasa", "Circle of Life"}
	index := Request{Method: "GET", Target: "/dir/index.html"}
	const example = `realm="http-auth@example.org", qop="auth, auth-int", ` +
		`nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`
	const cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
	for _, tt := range []struct {
		name, challenge string
		who             Credentials
		request         Request
		cnonce          string
		count           uint32
		want            []string
	}{
		{"MD5", "Digest algorithm=MD5, " + example, mufasa, index, cnonce, 1, []string{
			`Digest username="Mufasa"`, `realm="http-auth@example.org"`, `uri="/dir/index.html"`, "algorithm=MD5",
			"nc=00000001", "qop=auth", `opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
			`response="8ca523f5e9506fed4657c9700eebdbec"`}},
		{"SHA-256", "Digest algorithm=SHA-256, " + example, mufasa, index, cnonce, 1, []string{"algorithm=SHA-256",
			`response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"`}},
		{"SHA-512-256 with a hashed name", `Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, ` +
			`nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", charset=UTF-8, userhash=true`,
			Credentials{"Jäsøn Doe", "Secret, or not?"}, Request{Method: "GET", Target: "/doe.json"},
			"NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm", 1, []string{
				`username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"`, "userhash=true",
				`response="7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c"`}},
		{"a name that is not ASCII", `Digest realm="r", nonce="n", charset=UTF-8`, Credentials{"Jäs ø", "p"}, index,
			"c", 1, []string{"username*=UTF-8''J%C3%A4s%20%C3%B8,"}},
		{"a name in quotes", `Digest realm="a\"b\\c", nonce="n"`, Credentials{`x"y\`, "p"}, index, "c", 1,
			[]string{`username="x\"y\\"`, `realm="a\"b\\c"`}},
		{"RFC 2069", `Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"`,
			Credentials{"Mufasa", "CircleOfLife"}, index, "c", 1, []string{`response="1949323746fe6a43ef61f9606e7febea"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := challenged(tt.challenge)
			if c == nil {
				t.Fatal("can't be answered")
			}
			got := c.authorization(tt.who, tt.request, tt.cnonce, tt.count)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
}

// TestSessionAndBody checks -sess and auth-int against their formulas (RFC 7616 sections 3.4.2 and 3.4.3).
func TestSessionAndBody(t *testing.T) {
	who, r := Credentials{"u", "p"}, Request{Method: "POST", Target: "/x?y", Body: []byte("body")}
	c := challenged(`Digest realm="r", nonce="n", qop="auth-int", algorithm=SHA-256-sess`)
	sum := algorithms["sha-256"].sum
	want := sum(sum(sum("u", "r", "p"), "n", "c"), "n", "000000ff", "c", "auth-int", sum("POST", "/x?y", sum("body")))
	if got := c.authorization(who, r, "c", 255); !strings.Contains(got, `response="`+want+`"`) ||
		!strings.Contains(got, "qop=auth-int") || !strings.Contains(got, "algorithm=SHA-256-sess") {
		t.Errorf("got %s, want the response %s", got, want)
	}
}

// TestStrongest checks which one of several challenges is answered, and that one which can't be is none.
func TestStrongest(t *testing.T) {
	const md5, sha = `Digest realm="m", nonce="1", algorithm=MD5`, `Digest realm="s", nonce="2", algorithm="sha-256"`
	for _, tt := range []struct {
		name  string
		lines []string
		want  string // realm
	}{
		{"the strongest one", []string{md5, sha}, "s"},
		{"in one line", []string{md5 + ", Basic realm=\"b\", " + sha + `, NTLM`}, "s"},
		{"behind a token", []string{"Negotiate oYIB==, " + md5}, "m"},
		{"behind Negotiate", []string{"Negotiate, " + md5}, "m"},
		{"the first of equal ones", []string{`Digest realm="a", nonce="1"`, `Digest realm="b", nonce="1"`}, "a"},
		{"SHA-512-256", []string{sha, `digest REALM=x,nonce=y , algorithm=SHA-512-256-sess , qop = "auth"`}, "x"},
		{"one unknown", []string{`Digest realm="u", nonce="1", algorithm=SHA-3`, md5}, "m"},
		{"qop unknown", []string{`Digest realm="u", nonce="1", qop="auth-conf"`}, ""},
		{"qop empty", []string{`Digest realm="u", nonce="1", qop=""`}, "u"},
		{"no nonce", []string{`Digest realm="u"`}, ""},
		{"no realm", []string{`Digest nonce="u"`}, ""},
		{"an empty realm", []string{`Digest realm="", nonce="1"`, md5}, ""},
		{"a line break", []string{"Digest realm=\"a\nb\", nonce=\"1\""}, ""},
		{"a long nonce", []string{`Digest realm="u", nonce="` + strings.Repeat("x", maxText+1) + `"`}, ""},
		{"an open quote", []string{`Digest realm="u", nonce="1`}, ""},
		{"Basic alone", []string{`Basic realm="digest"`}, ""},
		{"nothing", nil, ""},
		{"commas", []string{",,, ,", `,Digest ,realm="c",,nonce=1,`}, "c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := challenged(tt.lines...)
			if got == nil && tt.want == "" || got != nil && got.realm == tt.want {
				return
			}
			t.Errorf("got %+v, want realm %q", got, tt.want)
		})
	}
}

// FuzzChallenges: whatever WWW-Authenticate says, the answer to it is one valid line, and its parameters are those that
// were sent.
func FuzzChallenges(f *testing.F) {
	f.Add(`Digest realm="a\"b", nonce="1", qop="auth,auth-int", domain="/ http://a.test/x", stale=TRUE, userhash=true`)
	f.Add(`Negotiate abc==, Basic realm="x", Digest realm=y,nonce=z`)
	f.Fuzz(func(t *testing.T, line string) {
		c := challenged(line)
		if c == nil {
			return
		}
		answer := c.authorization(Credentials{"u", "p"}, Request{Method: "GET", Target: "/"}, "c", 1)
		back := parseChallenges([]string{answer})
		if len(back) != 1 || back[0].params["realm"] != c.realm || back[0].params["nonce"] != c.nonce {
			t.Errorf("%q is answered by %q, read as %+v", line, answer, back)
		}
		if strings.ContainsAny(answer, "\r\n") {
			t.Errorf("%q is answered by %q", line, answer)
		}
	})
}

// newTestSpaces returns Spaces with cnonces of different lengths.
func newTestSpaces() *Spaces {
	n := 0
	return NewSpaces(func() string { n++; return strings.Repeat("c", n) })
}

func header(lines ...string) http.Header { return http.Header{"Www-Authenticate": lines} }

const origin = "https://a.test"

// TestNonceServesAll checks that the nonce of the first request that was let in serves the others, with counts that
// differ, until the server says that it is stale, or names the next one.
func TestNonceServesAll(t *testing.T) {
	s := newTestSpaces()
	if s.Known(origin, "/a", "u") != nil {
		t.Fatal("a nonce before a challenge")
	}
	first := s.Challenged(origin, "/a", "u", nil, header(`Digest realm="r", nonce="1", qop=auth`))
	if s.Known(origin, "/b", "u") != nil {
		t.Error("others use a nonce of which it is not known whether it is good")
	}
	r := Request{Method: "GET", Target: "/"}
	if got := first.Authorization(Credentials{"u", "p"}, r); !strings.Contains(got, "nc=00000001") {
		t.Errorf("got %s", got)
	}
	s.Accepted(origin, "u", first, http.Header{})
	next := s.Known(origin, "/b/c", "u")
	if next != first {
		t.Fatal("another nonce")
	}
	if got := next.Authorization(Credentials{"u", "p"}, r); !strings.Contains(got, "nc=00000002") {
		t.Errorf("got %s", got)
	}
	if s.Known(origin, "/b", "other") != nil || s.Known("https://b.test", "/b", "u") != nil {
		t.Error("another user, or another origin, has it too")
	}
	stale := s.Challenged(origin, "/b", "u", next, header(`Digest realm="r", nonce="2", stale=true`))
	if stale == nil || stale.challenge.nonce != "2" || s.Known(origin, "/b", "u") != nil {
		t.Fatalf("a stale nonce is followed by %+v", stale)
	}
	s.Accepted(origin, "u", stale, http.Header{"Authentication-Info": {`qop=auth, nextnonce="3"`}})
	if got := s.Known(origin, "/", "u"); got.challenge.nonce != "3" || got.count.Load() != 0 {
		t.Errorf("the next nonce is %+v", got.challenge)
	}
}

// TestRefusedCredentials checks that credentials which are refused with a nonce of their own are wrong, and that a
// nonce that others have used too is followed by a new one, which is then not used by others.
func TestRefusedCredentials(t *testing.T) {
	s := newTestSpaces()
	again := header(`Digest realm="r", nonce="2", qop=auth`)
	own := s.Challenged(origin, "/", "u", nil, header(`Digest realm="r", nonce="1", qop=auth`))
	if s.Challenged(origin, "/", "u", own, again) != nil {
		t.Error("a wrong password is sent again")
	}
	if s.Challenged(origin, "/", "u", nil, header(`Basic realm="r"`)) != nil {
		t.Error("Basic is answered")
	}
	s.Accepted(origin, "u", own, http.Header{})
	for range maxRefused {
		shared := s.Known(origin, "/", "u")
		if shared == nil {
			t.Fatal("it is forgotten")
		}
		single := s.Challenged(origin, "/", "u", shared, again)
		if single == nil || single == shared {
			t.Fatal("no new nonce for a reused one")
		}
		s.Accepted(origin, "u", single, http.Header{})
	}
	if s.Known(origin, "/", "u") != nil {
		t.Error("a server whose nonces are good for one request gets one of others again")
	}
}

// TestWhereSpacesAre checks that a request takes the nonce of the space that its path is in: by its domain, or where a
// challenge came from.
func TestWhereSpacesAre(t *testing.T) {
	s := newTestSpaces()
	for path, challenge := range map[string]string{
		"/one/x":   `Digest realm="one", nonce="1"`,
		"/two/y":   `Digest realm="two", nonce="2"`,
		"/three/z": `Digest realm="three", nonce="3", domain="/three https://b.test/ https://a.test/3"`,
	} {
		s.Accepted(origin, "u", s.Challenged(origin, path, "u", nil, header(challenge)), http.Header{})
	}
	for path, want := range map[string]string{"/one/a": "1", "/two/b/c": "2", "/three": "3", "/3x": "3"} {
		if got := s.Known(origin, path, "u"); got == nil || got.challenge.nonce != want {
			t.Errorf("%s has %+v, want nonce %s", path, got, want)
		}
	}
	if got := s.Known(origin, "/elsewhere", "u"); got == nil || got.challenge.nonce == "3" {
		t.Errorf("beyond its domain a space has %+v", got)
	}
}

// TestSpacesAreBounded checks that neither origins nor realms nor paths without end are kept.
func TestSpacesAreBounded(t *testing.T) {
	s := newTestSpaces()
	s.newCnonce = func() string { return "c" }
	for i := range maxOrigins + 10 {
		text := strings.Repeat("x", i%500) + string(rune('a'+i%26))
		s.Challenged(text, "/"+text+"/", text, nil, header(`Digest realm="`+text+`", nonce="1"`))
		s.Challenged(origin, "/"+text+"/", "u", nil, header(`Digest realm="r", nonce="1"`))
		s.Challenged(origin, "/", text, nil, header(`Digest realm="r", nonce="1"`))
	}
	byPrefixes := func(a, b *space) int { return len(a.prefixes) - len(b.prefixes) }
	most := slices.MaxFunc(s.byOrigin[origin], byPrefixes)
	if len(s.byOrigin) > maxOrigins || len(s.byOrigin[origin]) > maxSpaces || len(most.prefixes) > maxPrefixes {
		t.Errorf("%d origins, %d spaces, %d paths", len(s.byOrigin), len(s.byOrigin[origin]), len(most.prefixes))
	}
}
