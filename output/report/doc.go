// Package report counts what runs did, in constant memory, and draws it as one page of HTML that loads nothing.
//
//	lines of earlier runs ──▸ Data.Read (lines.go, read.go) ──┐
//	                                                          ├─▸ Data: series, hosts, causes ──▸ Data.WritePage
//	Records and exchanges of a run ──▸ Live (live.go) ────────┘                     (writepage.go, drawpage.go)
//
// It promises that a page is under 1 MiB whatever was counted, that nothing in it that came from a server, an input
// line or the name of a file is taken for markup or script, and that a browser loads nothing for it. What is told of
// time is put into steps that double in width (series.go); hosts and causes of failures past a number are summed.
package report
