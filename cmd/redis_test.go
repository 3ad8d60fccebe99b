package cmd_test

import (
	"net"
	"os/exec"
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
	for deadline := time.Now().Add(scriptTimeout); ; time.Sleep(10 * time.Millisecond) {
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
