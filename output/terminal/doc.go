// Package terminal is what a person sees of a run on standard error: a progress bar below lines that stay.
//
//	output.Counts, fetch.Live ──▸ Progress ──▸ DrawBar ──▸ Screen ──▸ standard error
//	                                 └──▸ WriteLines          ▴
//	Failures, log lines, the summary ─────────────────────────┤
//	JSON lines on standard output, where it is that terminal ─┘ Beside
package terminal
