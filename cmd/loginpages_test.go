package cmd_test

import (
	"crypto/md5" //nolint:gosec // that of the servers that are meant
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
)

// loginPages adds pages behind logins: /digest/{path} lets in user and password me and s3cret by Digest with MD5, and
// repeats what the request proved itself with; /signed/{path} repeats the header of a request that is signed.
func (o *origin) loginPages(mux *http.ServeMux) {
	var nonces atomic.Int64
	sum := func(parts ...string) string {
		return fmt.Sprintf("%x", md5.Sum([]byte(strings.Join(parts, ":")))) //nolint:gosec // see there
	}
	// ?to=… redirects, ?alone takes no Basic
	mux.HandleFunc("/digest/{path...}", func(w http.ResponseWriter, r *http.Request) {
		params := map[string]string{}
		for pair := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "Digest "), ", ") {
			name, value, _ := strings.Cut(pair, "=")
			params[name] = strings.Trim(value, `"`)
		}
		want := sum(sum("me", "box", "s3cret"), params["nonce"], params["nc"], params["cnonce"], "auth",
			sum(r.Method, r.RequestURI))
		switch to := r.URL.Query().Get("to"); {
		case params["response"] != want:
			challenge := fmt.Sprintf(`Digest realm="box", qop="auth", nonce="%d"`, nonces.Add(1))
			if !r.URL.Query().Has("alone") {
				challenge = `Basic realm="box", ` + challenge
			}
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
		case to != "":
			http.Redirect(w, r, to, http.StatusFound)
		default:
			plain(w, "come in, "+params["username"]+"\n")
		}
	})
	mux.HandleFunc("/signed/{path...}", func(w http.ResponseWriter, r *http.Request) { // ?to=… redirects
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		scope, _, _ := strings.Cut(r.Header.Get("Authorization"), ", Signature")
		plain(w, scope+" token "+r.Header.Get("X-Amz-Security-Token")+" body "+r.Header.Get("X-Amz-Content-Sha256"))
	})
}
