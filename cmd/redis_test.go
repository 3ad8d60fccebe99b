package cmd_test

import (
	"net"
	"os/exec"
	"testing"
	"time"

	"batchfetch/fetch/nettest"

	"github.com/rogpeppe/go-internal/testscript"
)

// hasRedis reports whether there is a redis-server on the PATH.
func hasRedis() bool {
	_, err := exec.LookPath("redis-server")
	return err == nil
}

// startRedis is the command redis: it starts a redis-server for the script, with a password where one is given.
func startRedis(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && (len(args) == 1 || len(args) == 2), "redis NAME [PASSWORD]")
	env := scriptEnvOf(ts)
	env.stopRedis()
	port, err := nettest.FreePort()
	ts.Check(err)
	address := "127.0.0.1:" + port
	arguments := []string{
		"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", ts.MkAbs("."),
	}
	if len(args) == 2 {
		arguments = append(arguments, "--requirepass", args[1])
	}
	env.redis = exec.Command("redis-server", arguments...)
	ts.Check(env.redis.Start())
	ts.Defer(env.stopRedis)
	if !awaitListener(address) {
		ts.Fatalf("redis-server does not listen")
	}
	ts.Setenv(args[0], address)
}

// killRedis is the command unredis: it kills the redis-server.
func killRedis(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) == 0, "unredis")
	scriptEnvOf(ts).stopRedis()
}

func (env *scriptEnv) stopRedis() {
	if env.redis != nil {
		_ = env.redis.Process.Kill() // it may have ended by itself
		_ = env.redis.Wait()
		env.redis = nil
	}
}

// awaitListener waits until something listens at an address, and reports whether it does.
func awaitListener(address string) bool {
	for deadline := time.Now().Add(scriptTimeout); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return true
		}
	}
	return false
}

// serveRedis starts a redis-server for a test, and returns its address. The test is skipped where there is none.
func serveRedis(t *testing.T) (address string) {
	t.Helper()
	if !hasRedis() {
		t.Skip("no redis-server on the PATH")
	}
	port, err := nettest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill() // it may have ended by itself
		_ = server.Wait()
	})
	if address = "127.0.0.1:" + port; !awaitListener(address) {
		t.Fatal("redis-server does not listen")
	}
	return address
}
