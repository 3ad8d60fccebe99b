package cmd_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// editablePages adds /news/NAME, whose text a script sets by publish: it has an ETag, unless ?untagged, and the
// Cache-Control of ?cc=… With ?reloads it ignores the conditions of a request that says no-cache, as Express does.
func (o *origin) editablePages(mux *http.ServeMux) {
	mux.HandleFunc("/news/{name}", func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		text, failing := o.texts[r.PathValue("name")], o.failing[r.PathValue("name")]
		o.mu.Unlock()
		if failing {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header()["Cache-Control"] = r.URL.Query()["cc"]
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if !r.URL.Query().Has("untagged") {
			w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(text)))[:18]+`"`)
		}
		if r.URL.Query().Has("reloads") && r.Header.Get("Cache-Control") == "no-cache" {
			r.Header.Del("If-None-Match")
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	})
}

// editPage is the command publish: it sets the text of /news/NAME, or makes it fail.
func editPage(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) == 2, "publish NAME TEXT | publish -fail NAME")
	o := scriptEnvOf(ts).origin
	o.mu.Lock()
	defer o.mu.Unlock()
	if args[0] == "-fail" {
		o.failing[args[1]] = true
		return
	}
	o.texts[args[0]], o.failing[args[0]] = args[1], false
}
