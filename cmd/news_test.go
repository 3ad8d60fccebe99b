package cmd_test

import (
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// news is a page whose text a script changes while its URL stays: it has an entity tag, and the Cache-Control of ?cc=…
func (o *origin) news(mux *http.ServeMux) {
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
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	})
}

// publish changes what a page of news says, or makes it fail.
func publish(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, !neg && len(args) == 2, "publish NAME TEXT | publish -fail NAME")
	o := stageOf(ts).origin
	o.mu.Lock()
	defer o.mu.Unlock()
	if args[0] == "-fail" {
		o.failing[args[1]] = true
		return
	}
	o.texts[args[0]], o.failing[args[0]] = args[1], false
}

// hasRedis reports whether a redis-server can be started.
func hasRedis() bool {
	_, err := exec.LookPath("redis-server")
	return err == nil
}

// startRedis starts a redis-server of the script's own, which wants a password where one is given.
func startRedis(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, !neg && (len(args) == 1 || len(args) == 2), "redis NAME [PASSWORD]")
	st := stageOf(ts)
	st.stopRedis()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	address := l.Addr().String()
	ts.Check(l.Close())
	_, port, err := net.SplitHostPort(address)
	ts.Check(err)
	arguments := []string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", ts.MkAbs(".")}
	if len(args) == 2 {
		arguments = append(arguments, "--requirepass", args[1])
	}
	st.redis = exec.Command("redis-server", arguments...)
	ts.Check(st.redis.Start())
	ts.Defer(st.stopRedis)
	for deadline := time.Now().Add(fuse); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			break
		}
		if time.Now().After(deadline) {
			ts.Fatalf("redis-server does not listen")
		}
	}
	ts.Setenv(args[0], address)
}

// killRedis ends it as a power cut would.
func killRedis(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, !neg && len(args) == 0, "unredis")
	stageOf(ts).stopRedis()
}

func (st *stage) stopRedis() {
	if st.redis != nil {
		_ = st.redis.Process.Kill() // it may have ended by itself
		_ = st.redis.Wait()
		st.redis = nil
	}
}
