package fetch

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"batchfetch/fetch/cookiejar"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/netrc"
)

// TestOneHost: a request has one Host (RFC 9112 section 3.2), whether it comes from the Options or from the settings of
// a host; other headers may have several values.
func TestOneHost(t *testing.T) {
	for name, good := range map[string]bool{"Host": false, "X-Forwarded-Host": true, "Accept": true} {
		header := http.Header{name: {"a.test", "b.test"}}
		o := options(func(o *Options) { o.Header = header })
		_, err := NewHostRules([]HostRule{{Pattern: "a.test", HostSettings: HostSettings{Header: header}}})
		for of, err := range map[string]error{"the Options": o.Validate(), "a host": err} {
			if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "header Host is given twice") {
				t.Errorf("%s twice in %s: %v", name, of, err)
			}
		}
	}
}

// TestTraceGoesWithoutCredentials: a response to TRACE repeats the request (RFC 9110 section 9.3.8), so it has none of
// the credentials of the Options, the URL, the netrc, a Jar or the input line, nor those for a forwarding proxy; other
// methods have all.
func TestTraceGoesWithoutCredentials(t *testing.T) {
	header := make(chan http.Header, 2)
	server := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			w.Header().Set("Set-Cookie", "jar=s3cret; Path=/")
			return
		}
		header <- r.Header.Clone()
		if r.URL.Path == "/from" {
			http.Redirect(w, r, "/to", http.StatusTemporaryRedirect)
		}
	}
	direct := startServer(t, server)
	login, err := netrc.Parse([]byte("machine 127.0.0.1 login ann password s3cret"))
	if err != nil {
		t.Fatal(err)
	}
	ways := map[string]func(*Options){
		"-u":         func(o *Options) { o.Username, o.Password = "u", "s3cret" },
		"-b":         func(o *Options) { o.Cookie = "c=s3cret" },
		"-H":         func(o *Options) { o.Header = http.Header{"X-Api-Key": {"s3cret"}, "Authorization": {"s3cret"}} },
		"-n":         func(o *Options) { o.Netrc = login },
		"a jar":      func(o *Options) { o.Jar = cookiejar.New() },
		"a proxy":    func(o *Options) { o.HTTPProxy = strings.Replace(direct, "//", "//u:s3cret@", 1) },
		"the URL":    nil,
		"input line": nil,
	}
	for name, change := range ways {
		for _, method := range []string{"TRACE", "trace", "GET"} {
			for _, path := range []string{"/x", "/from"} {
				t.Run(name+" "+method+path, func(t *testing.T) {
					base, own := direct, ""
					switch name {
					case "the URL":
						base = strings.Replace(direct, "//", "//u:s3cret@", 1)
					case "input line":
						own = `,"headers":{"X-Auth-Token":"s3cret","Cookie":"a=s3cret","X-Trace":"7"}`
					}
					line := `{"url":"` + base + path + `","method":"` + method + `"` + own + `}`
					o := noRetryOptions(change)
					runIn(t, o, dial.Network{}, direct+"/login", line)
					if path == "/from" {
						<-header
					}
					got := <-header
					var text strings.Builder
					_ = got.Write(&text)
					isSent := strings.Contains(text.String(), "s3cret") || len(got["Authorization"]) > 0 ||
						len(got["Proxy-Authorization"]) > 0
					if isSent != (method == "GET") || name == "input line" && got.Get("X-Trace") != "7" {
						t.Errorf("got\n%s", &text)
					}
				})
			}
		}
	}
}

// TestRepeatedSecretsAreMasked: what a server, or the proxy that forwards to it, repeats of a request's secrets stands
// in no header and no FailureBody of a Record, in any of the usual character encodings.
func TestRepeatedSecretsAreMasked(t *testing.T) {
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		var text strings.Builder
		_ = r.Header.Write(&text)
		for _, values := range r.Header {
			w.Header()["X-Echo"] = append(w.Header()["X-Echo"], values...)
		}
		body := text.String()
		w.Header().Set("Content-Type", "text/plain")
		if r.URL.Path == "/utf-16" {
			w.Header().Set("Content-Type", "text/plain; charset=utf-16")
			body = "\xff\xfe" + strings.Join(strings.Split(body, ""), "\x00") + "\x00"
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, body)
	})
	for name, change := range map[string]func(*Options){
		"-u":      func(o *Options) { o.Username, o.Password = "u", "s3cret" },
		"-b":      func(o *Options) { o.Cookie = "c=s3cret" },
		"-H":      func(o *Options) { o.Header = http.Header{"X-Mine": {"s3cret"}} },
		"a proxy": func(o *Options) { o.HTTPProxy = strings.Replace(server, "//", "//u:s3cret@", 1) },
	} {
		for _, path := range []string{"/utf-8", "/utf-16"} {
			t.Run(name+path, func(t *testing.T) {
				o := noRetryOptions(change)
				o.KeepHeader = true
				r, _ := runOne(t, server+path, o)
				shown := strings.ReplaceAll(string(r.FailureBody), "\x00", "") + strings.Join(r.Header["X-Echo"], " ")
				if strings.Contains(shown, "s3cret") || strings.Contains(shown, "dTpzM2NyZXQ=") {
					t.Errorf("shows %s", shown)
				}
				if strings.Count(shown, "***") != 2 {
					t.Errorf("shows no more than %s", shown)
				}
			})
		}
	}
}
