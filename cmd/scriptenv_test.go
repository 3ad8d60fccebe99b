package cmd_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"batchfetch/fetch/nettest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
)

// A scriptEnv is the state of one script: its servers, the mark, and a program in the background.
type scriptEnv struct {
	origin *origin
	marked time.Time // by the command mark

	redis *nettest.RedisServer // nil is none

	program     *exec.Cmd // nil is none
	stdin       io.WriteCloser
	stdout      outputBuffer
	stderr      outputBuffer
	programDone chan error // its result
}

// scriptEnvKey is the key of the scriptEnv among testscript's values.
type scriptEnvKey struct{}

// scriptEnvOf returns the state of a running script.
func scriptEnvOf(ts *testscript.TestScript) *scriptEnv { return ts.Value(scriptEnvKey{}).(*scriptEnv) }

func (env *scriptEnv) close() {
	if env.program != nil {
		_ = env.program.Process.Kill() // it may have ended by itself
		<-env.programDone
	}
	env.origin.close()
}

// discardLog is the error log of servers: what clients break off is part of the scripts.
func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

// requireUsage ends a script that misuses a command.
func requireUsage(ts *testscript.TestScript, valid bool, usage string) {
	if !valid {
		ts.Fatalf("usage: %s", usage)
	}
}

// startServer is the command httpd.
func startServer(ts *testscript.TestScript, neg bool, args []string) {
	kind := ""
	if len(args) > 0 && strings.HasPrefix(args[0], "-") {
		kind, args = args[0], args[1:]
	}
	secure := kind == "-tls"
	known := kind == "" || secure || kind == "-mute" || kind == "-any" || kind == "-h3"
	requireUsage(ts, !neg && len(args) < 2 && known, "httpd [-tls|-h3|-mute|-any] [NAME]")
	name := "URL"
	if len(args) == 1 {
		name = args[0]
	}
	if kind == "-mute" {
		mute, err := net.Listen("tcp", "127.0.0.1:0") // without Accept: connections open, and get no byte
		ts.Check(err)
		ts.Defer(func() { _ = mute.Close() })
		ts.Setenv(name, "https://"+mute.Addr().String())
		return
	}
	var server *httptest.Server
	if kind == "-h3" {
		both, err := scriptEnvOf(ts).origin.serveBoth()
		ts.Check(err)
		server, secure = both, true
	} else {
		address := "127.0.0.1:0"
		if kind == "-any" {
			address = "0.0.0.0:0"
		}
		listener, err := net.Listen("tcp", address)
		ts.Check(err)
		server = scriptEnvOf(ts).origin.serve(listener, secure)
	}
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	ts.Check(err)
	ts.Setenv(name+"_PORT", port)
	ts.Setenv(name, server.URL)
	ts.Setenv(name+"_HOST", server.Listener.Addr().String())
	if secure {
		ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), authorityOf(server), 0o600))
	}
}

// authorityOf returns the authority of a server with TLS, in PEM.
func authorityOf(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

// expandFiles is the command expand.
func expandFiles(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) > 0, "expand FILE...")
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// compressFile is the command pack.
func compressFile(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) == 2, "pack FROM TO")
	ts.Check(packText(ts.ReadFile(args[0]), ts.MkAbs(args[1])))
}

// packText writes a text into a file, compressed by the extension of its name.
func packText(text, name string) error {
	var packed bytes.Buffer
	var z io.WriteCloser
	switch filepath.Ext(name) {
	case ".gz":
		z = gzip.NewWriter(&packed)
	case ".zst":
		encoder, err := zstd.NewWriter(&packed)
		if err != nil {
			return err
		}
		z = encoder
	default:
		return errors.New(name + " is neither .gz nor .zst")
	}
	_, err := io.WriteString(z, text)
	if err := errors.Join(err, z.Close()); err != nil {
		return err
	}
	return os.WriteFile(name, packed.Bytes(), 0o600)
}

// atoi reads a number of a script.
func atoi(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

// scriptTimeout is how long a command waits for what has to happen.
const scriptTimeout = 2 * time.Minute
