package cmd_test

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"batchfetch/cmd"
)

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "6") // scripts wait more than they work; a -parallel on the command line wins
	testscript.Main(m, map[string]func(){
		"batchfetch": func() { os.Exit(cmd.Main(os.Args[1:])) },
	})
}

// TestScripts runs the promises of the command line, one script each.
//
// The scripts have these commands beside testscript's own, and the condition race: the race detector watches. Where a URL is expected,
// * stands for anything; what a proxy was asked has via: in front of its method.
//
//	httpd [-tls|-mute|-any] [NAME]  start a server, its address in $NAME ($URL), $NAME_HOST and $NAME_PORT; with -tls its authority in ca.pem,
//	                           with -mute it never speaks, with -any it is at every address
//	middle NAME [USER:PASSWORD]  start an HTTP proxy, its address in $NAME; it finds the servers at every host that ends in example.com,
//	                           those with TLS at port 443
//	publish NAME TEXT          change what /news/NAME says; publish -fail NAME makes it fail
//	redis NAME [PASSWORD]      start a redis-server of the script's own, its address in $NAME; [redis] says that there is one
//	unredis                    kill it
//	expand FILE...             replace $NAME in files by the environment's values
//	pack FROM TO               compress a file as the ending of TO says
//	exits CODE PROGRAM ARG...  run it and expect the exit code, stdin as for exec
//	start PROGRAM ARG...       run it in the background, its standard input held open
//	feed FILE                  write a file to its standard input
//	says TEXT                  wait until TEXT stands on its standard error
//	signal INT|TERM|KILL       send it a signal
//	shut                       close its standard input
//	ends CODE                  await its end and expect the exit code; -1 is killed
//	asked N METHOD URL         expect that the servers were asked just so often
//	await N METHOD URL         wait until they were
//	peak N                     expect the most requests that were on the servers at once
//	release NAME               let the requests for /hold/NAME go
//	resident MIB               expect that it has had so much memory at once at most
//	mark                       note the time
//	passed SPAN                expect that at least so much time has passed since the mark
//	notbefore SPAN METHOD URL  expect no such request from the mark until SPAN after it
//	paced SPAN METHOD URL      expect no n-th request (from 0) earlier than n times SPAN after the mark
//	tmpfs DIR SIZE             mount a small disk there, where the condition [tmpfs] says that it can be
//	jsonl FILE...              expect whole lines of UTF-8 that the schema knows, and summaries that add up
//	lines FILE N               expect so many lines
//	[!] field FILE SELECT .PATH [WANT]  expect a value in the line SELECT (a number from 1, or member=value); ~ starts a pattern
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=0") // under -race a program would take a second to end
			st := &stage{origin: newOrigin()}
			env.Values[stageKey{}] = st
			env.Defer(st.close)
			return nil
		},
		Condition: func(word string) (bool, error) {
			switch word {
			case "tmpfs":
				return canMount(), nil
			case "redis":
				return hasRedis(), nil
			case "race":
				return underRace(), nil
			}
			return false, fmt.Errorf("unknown condition %q", word)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"httpd": serve, "middle": proxied, "publish": publish, "redis": startRedis, "unredis": killRedis, "expand": expand, "pack": pack,
			"exits": exits, "start": start, "feed": feed, "shut": shut, "says": says, "signal": signalled, "ends": ends,
			"asked": asked, "await": await, "peak": peak, "resident": resident, "release": release, "mark": mark, "passed": passed, "notbefore": notBefore, "paced": paced,
			"tmpfs": tmpfs, "jsonl": jsonl, "lines": lines, "field": field,
		},
	})
}

// underRace reports whether the race detector watches, which takes time and memory of its own.
func underRace() bool {
	info, known := debug.ReadBuildInfo()
	if !known {
		return false
	}
	for _, setting := range info.Settings {
		if setting.Key == "-race" {
			return setting.Value == "true"
		}
	}
	return false
}
