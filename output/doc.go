// Package output has the Sinks that a run writes its Records to, one wrapped in the other.
//
//	Record ──▸ Counts ──▸ InOrder ──▸ Split ──▸ OnlyChanged ──▸ JSONL ──▸ Pack ──▸ file.Atomic    successes
//	                         │          │    or ──▸ journal.Sink ──▸ journal.Output    successes with --resume
//	                       spill        └──▸ JSONL, terminal.Failures or terminal.Tee    failures
//
// Acknowledge stands behind Counts where the input is a queue: it says which entries are done by what was flushed.
//
// Counts groups the failures by their Cause (causes.go) for the summary. Hosts, around it, counts by host for what is
// written at the end.
//
// The parts are packages, with imports one way:
//
//	journal    an output that can be resumed        imports output, savedir, encode, file
//	warc       web archives                         imports encode
//	terminal   progress, failures and log lines     imports output, encode
//	report     a page that shows what runs did      imports output, encode
//	output     the Sinks                            imports encode
//	savedir    bodies as files                      imports encode, file
//	encode     Records as lines of JSON
//	actions    annotations, a job summary          imports output, encode
//	junit      what failed, as JUnit XML           imports output, encode
//	metrics    what a run did, for Prometheus      imports output
//	loading    statements that load a file of lines
//	file       whole files, locks, names
package output
