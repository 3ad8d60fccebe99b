// Package cmd is the command line: flags, the wiring of a run, messages on the terminal and exit codes. It fetches
// nothing by itself; main calls Main and exits with what that returns.
//
//	command line, BATCHFETCH_… variables
//	        │  root.go, registrar.go, environment.go
//	        ▼
//	    settings: the flags as given                      flags.go declares them, help.go prints them
//	        │  resolve.go: files named by flags (request.go, tls.go, credentials.go, hosts.go), proxies, shard.go
//	        ▼
//	    config, or every problem at once ──► exit 2
//	        │  run.go
//	        ├──► inputs.go, stream.go, decompress.go ► fetch.Source     dryrun.go only counts it
//	        ├──► outputs.go, sinks.go  ► fetch.Sink       outputcheck.go: no output is an input or another output
//	        ├──► tempdir.go, shardname.go                  where temporary files go; the shard in names of outputs
//	        ├──► cache.go, console.go, interrupts.go      the cache, the log, the signals that drain or cancel the run
//	        ▼
//	    fetch.Run                                         progress.go shows it meanwhile
//	        │  result.go: the exit code
//	        ▼
//	    finish.go: files get their names, summary Record; endfiles.go, actions.go: what is told of the whole run;
//	        │  summary.go, failuretable.go, hints.go: it in words
//	        │
//	        ▼
//	    exit code
//
// Every problem of a command line is found before anything is fetched, and every output is opened before one is
// truncated. Outputs are closed before the summary is written, as an error there changes the exit code in it; only a
// summary that is part of the output file comes first.
//
// A queue as the input is queue.go, which also wraps the Sink, so that what is committed is acknowledged.
//
// The other commands are merge.go, push.go, demo.go, doctor.go (with doctorreport.go, doctorsteps.go and
// doctorheaders.go), schema.go, version.go, topics.go, which prints the texts of the folder topics (manual.go), and
// man.go, which makes man pages of them. flagerrors.go says what was meant by an unknown flag, by its spelling or by
// what other programs call it (otherflags.go).
//
// Package parse reads sizes, rates and durations; package hostsfile reads the file of --hosts. The testscript files of
// testdata are the promises of the command line; the commands in them are listed at TestScripts.
package cmd
