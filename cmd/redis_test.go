package cmd_test

import (
	"testing"

	"batchfetch/fetch/nettest"

	"github.com/rogpeppe/go-internal/testscript"
)

// startRedis is the command redis: it starts a redis-server for the script, with a password where one is given.
func startRedis(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && (len(args) == 1 || len(args) == 2), "redis NAME [PASSWORD]")
	env := scriptEnvOf(ts)
	env.stopRedis()
	var arguments []string
	if len(args) == 2 {
		arguments = []string{"--requirepass", args[1]}
	}
	server, err := nettest.RunRedis(ts.MkAbs("."), "", arguments...)
	ts.Check(err)
	env.redis = server
	ts.Defer(env.stopRedis)
	ts.Setenv(args[0], server.Addr)
}

// killRedis is the command unredis: it kills the redis-server.
func killRedis(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) == 0, "unredis")
	scriptEnvOf(ts).stopRedis()
}

func (env *scriptEnv) stopRedis() {
	if env.redis != nil {
		env.redis.Kill()
	}
}

// serveRedis starts a redis-server for a test, and returns its address. The test is skipped where there is none.
func serveRedis(t *testing.T) (address string) {
	t.Helper()
	return nettest.StartRedis(t, "").Addr
}
