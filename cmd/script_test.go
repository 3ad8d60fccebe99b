package cmd_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"batchfetch/cmd"
	"batchfetch/fetch/nettest"
)

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "6") // scripts mostly wait; -parallel on the command line wins
	testscript.Main(m, map[string]func(){
		"batchfetch": func() {
			code := cmd.Main(os.Args[1:])
			logExit(code)
			os.Exit(code)
		},
	})
}

// exitLogVariable names the file into which batchfetch, run by a test, writes its exit code. It is not set in scripts.
const exitLogVariable = "BATCHFETCH_TEST_EXITS"

// logExit appends an exit code to that file: in a pipe the shell knows only that of the last command.
func logExit(code int) {
	name := os.Getenv(exitLogVariable)
	if name == "" {
		return
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(file, code)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		panic(err)
	}
}

// restoreSignals makes the programs that tests start take SIGHUP and SIGINT as usual where this process inherited them
// as ignored: under nohup, or in the background of a shell. A signal that is handled here is not ignored in a child.
func restoreSignals() {
	for _, each := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if signal.Ignored(each) {
			signal.Notify(make(chan os.Signal, 1), each)
		}
	}
}

// TestScripts runs the promises of the command line, one script each.
//
// The scripts have these commands beside testscript's own, and the condition race: the test runs under the race
// detector. In a URL to match * stands for any text; a request to a proxy has via: before its method.
//
//	httpd [-tls|-h3|-mute|-any] [NAME]  start a server, its address in $NAME ($URL), $NAME_HOST and $NAME_PORT;
//	                           with -tls its authority in ca.pem, with -h3 it also names one with HTTP/3 at the same
//	                           port, with -mute it accepts and never answers, with -any it listens on every address
//	middle NAME [USER:PASSWORD]  start an HTTP proxy, its address in $NAME; hosts that end in example.com are
//	                           the servers of the script, those with TLS at port 443
//	relay NAME URL BYTES       start a TCP relay to the server of a URL, its URL in $NAME, which cuts each connection
//	                           after BYTES of the server's
//	publish NAME TEXT          set the text of /news/NAME; publish -fail NAME makes it fail
//	redis NAME [PASSWORD]      start a redis-server, its address in $NAME; the condition [redis]: there is one
//	unredis                    kill it
//	slurm                      start a Slurm of one node; the condition [slurm]: it can be started
//	expand FILE...             replace $NAME in files by the value of the variable
//	pack FROM TO               compress a file, by the extension of TO
//	exits CODE PROGRAM ARG...  run it and expect the exit code, stdin as for exec
//	start PROGRAM ARG...       run it in the background, its standard input open
//	feed FILE                  write a file to its standard input
//	says [-stdout] TEXT        wait until TEXT is on its standard error, or its standard output: that of script, a
//	                           program of Linux, is the terminal which it makes for another
//	signal NAME                send it a signal: INT, TERM, HUP, KILL, QUIT or SEGV
//	shut                       close its standard input
//	ends CODE                  await its end and expect the exit code; 137 is killed
//	asked N METHOD URL         expect this number of requests at the servers
//	await N METHOD URL         wait for it
//	peak N                     expect the most requests that were in flight at once
//	release NAME               answer the requests for /hold/NAME
//	resident MIB               expect at most this peak of its resident memory
//	mark                       remember the time
//	passed SPAN                expect that at least SPAN has passed since the mark
//	notbefore SPAN METHOD URL  expect no such request from the mark until SPAN after it
//	paced SPAN METHOD URL      expect no n-th request (from 0) earlier than n times SPAN after the mark
//	tmpfs DIR SIZE             mount a tmpfs; the condition [tmpfs]: it can be mounted
//	jsonl FILE...              expect whole lines of UTF-8, valid by the schema, and summaries whose counts add up
//	lines FILE N               expect N lines
//	[!] field FILE SELECT .PATH [WANT]  expect a value in the line SELECT (a number from 1, or member=value);
//	                           ~ starts a regular expression
func TestScripts(t *testing.T) {
	restoreSignals()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(script *testscript.Env) error {
			script.Setenv("GORACE", "atexit_sleep_ms=0") // else a program takes a second to exit under -race
			env := &scriptEnv{origin: newOrigin()}
			script.Values[scriptEnvKey{}] = env
			script.Defer(env.close)
			return nil
		},
		Condition: func(word string) (bool, error) {
			switch word {
			case "tmpfs":
				return canMount(), nil
			case "redis":
				return nettest.HasRedis(), nil
			case "slurm":
				return hasSlurm(), nil
			case "race":
				return underRace(), nil
			}
			return false, fmt.Errorf("unknown condition %q", word)
		},
		Cmds: scriptCommands,
	})
}

// scriptCommands are the commands of the scripts.
var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"httpd": startServer, "middle": startProxy, "relay": startRelay, "publish": editPage,
	"redis": startRedis, "unredis": killRedis, "slurm": startSlurm,
	"expand": expandFiles, "pack": compressFile, "tmpfs": mountTmpfs,
	"exits": runExpectingCode, "start": startProgram, "feed": feedStdin, "shut": closeStdin,
	"says": awaitOutput, "signal": sendSignal, "ends": awaitEnd, "resident": expectResident,
	"asked": expectRequests, "await": awaitRequests, "peak": expectPeak, "release": releaseGate,
	"mark": setMark, "passed": expectPassed, "notbefore": expectNotBefore, "paced": expectPaced,
	"jsonl": expectJSONL, "lines": expectLines, "field": expectField,
}

// underRace reports whether the test was built with -race, which takes more time and memory.
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
