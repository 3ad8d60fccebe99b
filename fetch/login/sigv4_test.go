package login

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// exampleKeys are those of the examples of AWS.
var exampleKeys = Keys{ID: "AKIDEXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}

// sign signs a request at a time as X-Amz-Date has it.
func sign(t *testing.T, s *Signer, k Keys, in Scope, address string, r Request, h http.Header, at string) http.Header {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	now, err := time.Parse("20060102T150405Z", at)
	if err != nil {
		t.Fatal(err)
	}
	added, err := s.Sign(k, in, &Unsigned{r.Method, u, u.Host, u.Scheme + "://" + u.Host, h, r.Body}, now)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

// TestSignature checks a signature against the test suite of AWS, and against the one that curl 7.88.1 made.
func TestSignature(t *testing.T) {
	for _, tt := range []struct {
		in                       Scope
		address, at, names, want string
	}{
		{Scope{"us-east-1", "service"}, "https://example.amazonaws.com/", "20150830T123600Z", "host;x-amz-date",
			"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"}, // get-vanilla
		{Scope{"us-east-1", "service"}, "https://example.amazonaws.com/?Param2=value2&Param1=value1", "20150830T123600Z",
			"host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"}, // get-vanilla-query-order
		{Scope{"eu-west-1", "execute-api"}, "http://127.0.0.1:18085/a/b", "20261130T012425Z", "host;x-amz-date",
			"7c69eec372cd2db5e65ea4a8fdfbeb9b27db205096cb0027a7c45c4f1206764f"}, // curl
	} {
		got := sign(t, NewSigner(), exampleKeys, tt.in, tt.address, Request{Method: "GET"}, http.Header{}, tt.at)
		want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" + tt.at[:8] + "/" + tt.in.Region + "/" + tt.in.Service +
			"/aws4_request, SignedHeaders=" + tt.names + ", Signature=" + tt.want
		if got.Get("Authorization") != want || got.Get("X-Amz-Date") != tt.at || len(got) != 2 {
			t.Errorf("%s: got  %s\nwant %s", tt.address, got, want)
		}
	}
}

// TestSignedHeaders checks which headers are signed, what is added for S3 and by temporary keys, and that a hash of the
// user's own is taken as it is.
func TestSignedHeaders(t *testing.T) {
	s3 := Scope{"us-east-1", "s3"}
	const at, address = "20260102T030405Z", "https://bucket.test/a"
	temporary := exampleKeys
	temporary.Token = "t0ken"
	for _, tt := range []struct {
		name   string
		keys   Keys
		in     Scope
		body   string
		header http.Header
		signed string
		hash   string // X-Amz-Content-Sha256 that is added
	}{
		{"S3", exampleKeys, s3, "", http.Header{"Range": {"bytes=1-"}, "User-Agent": {"x"}},
			"host;x-amz-content-sha256;x-amz-date",
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"a body", exampleKeys, s3, "body", http.Header{"Content-Type": {"text/plain"}},
			"content-length;content-type;host;x-amz-content-sha256;x-amz-date",
			"230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"},
		{"unsigned", exampleKeys, s3, "body", http.Header{"X-Amz-Content-Sha256": {"UNSIGNED-PAYLOAD"}},
			"content-length;host;x-amz-content-sha256;x-amz-date", ""},
		{"temporary", temporary, s3, "", http.Header{}, "host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"another service", exampleKeys, Scope{"eu-west-1", "es"}, "", http.Header{"X-Amz-Target": {"a"}},
			"host;x-amz-date;x-amz-target", ""},
	} {
		before := len(tt.header)
		got := sign(t, NewSigner(), tt.keys, tt.in, address, Request{Method: "PUT", Body: []byte(tt.body)}, tt.header, at)
		if !strings.Contains(got.Get("Authorization"), "SignedHeaders="+tt.signed+",") ||
			got.Get("X-Amz-Content-Sha256") != tt.hash || got.Get("X-Amz-Security-Token") != tt.keys.Token ||
			len(tt.header) != before {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
}

// TestCanonicalPath checks that S3 gets the path of a URL percent-encoded once whatever the URL spells, and other
// services as it is sent, encoded again.
func TestCanonicalPath(t *testing.T) {
	for address, want := range map[string][2]string{
		"https://a.test":                {"/", "/"},
		"https://a.test/b%20c+d=e@x(1)": {"/b%20c%2Bd%3De%40x%281%29", "/b%2520c%2Bd%3De%40x%281%29"},
		"https://a.test/%C3%BC/a%2Fb":   {"/%C3%BC/a/b", "/%25C3%25BC/a%252Fb"},
		"https://a.test/a//~x_-.":       {"/a//~x_-.", "/a//~x_-."},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]string{canonicalPath(u, true), canonicalPath(u, false)}; got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}

// TestScope checks what --aws-sigv4 may be, and what a host's name says in place of what it leaves out.
func TestScope(t *testing.T) {
	for _, tt := range []struct{ text, host, want string }{
		{"aws:amz:eu-west-1:s3", "a.test", "eu-west-1 s3"},
		{"aws:amz", "s3.eu-west-1.amazonaws.com", "eu-west-1 s3"},
		{"aws", "bucket.name.s3.eu-west-1.amazonaws.com", "eu-west-1 s3"},
		{"aws:amz", "s3.amazonaws.com", "us-east-1 s3"},
		{"aws:amz", "bucket.s3.amazonaws.com", "us-east-1 s3"},
		{"aws:amz", "iam.amazonaws.com", "us-east-1 iam"},
		{"aws:amz", "abc.execute-api.ap-south-1.amazonaws.com", "ap-south-1 execute-api"},
		{"aws:amz", "s3.cn-north-1.amazonaws.com.cn", "cn-north-1 s3"},
		{"aws:amz:eu-west-1", "bucket.s3.amazonaws.com", "eu-west-1 s3"},
		{"aws:amz", "es.region.example.com", "region es"},
		{"aws:amz:r", "es.example.com", "r es"},
		{"aws:amz", "example.com", "!"},
		{"aws:amz:r", "127.0.0.1", "!"},
		{"aws:amz:r:s:x", "a.test", "?"},
		{"osc:amz", "a.test", "?"},
		{"", "a.test", "?"},
		{"aws:amz:r/x:s", "a.test", "?"},
	} {
		scope, err := ParseScope(tt.text)
		if err != nil {
			if tt.want != "?" {
				t.Errorf("%s: %v", tt.text, err)
			}
			continue
		}
		if scope, err = scope.of(tt.host); err != nil {
			if tt.want != "!" {
				t.Errorf("%s at %s: %v", tt.text, tt.host, err)
			}
			continue
		}
		if got := scope.Region + " " + scope.Service; got != tt.want {
			t.Errorf("%s at %s: %s, want %s", tt.text, tt.host, got, tt.want)
		}
	}
}

// TestClockOfServer checks that a refusal for the time is one by the Date of the server, and that the next signature is
// by that, at this server alone.
func TestClockOfServer(t *testing.T) {
	s, now := NewSigner(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	dated := func(at time.Time) http.Header { return http.Header{"Date": {at.Format(http.TimeFormat)}} }
	for _, tt := range []struct {
		name   string
		status int
		header http.Header
		again  bool
	}{
		{"the clocks agree", 403, dated(now.Add(3 * time.Minute)), false},
		{"no date", 403, http.Header{}, false},
		{"out of a cache", 403, http.Header{"Date": dated(now.Add(-time.Hour))["Date"], "Age": {"3600"}}, false},
		{"no refusal", 404, dated(now.Add(time.Hour)), false},
		{"an hour ahead", 403, dated(now.Add(time.Hour)), true},
		{"it knows by now", 403, dated(now.Add(time.Hour + time.Minute)), false},
		{"a day behind, of another service", 400, dated(now.Add(-24 * time.Hour)), true},
	} {
		if again := s.Refused(origin, tt.status, tt.header, now); again != tt.again {
			t.Errorf("%s: signed again: %t", tt.name, again)
		}
	}
	got := sign(t, s, exampleKeys, Scope{"r", "s"}, origin+"/", Request{Method: "GET"}, nil, "20260102T030405Z")
	if got.Get("X-Amz-Date") != "20260101T030405Z" {
		t.Errorf("signed at %s", got.Get("X-Amz-Date"))
	}
	got = sign(t, s, exampleKeys, Scope{"r", "s"}, "https://b.test/", Request{Method: "GET"}, nil, "20260102T030405Z")
	if got.Get("X-Amz-Date") != "20260102T030405Z" {
		t.Errorf("at another server signed at %s", got.Get("X-Amz-Date"))
	}
}
