/*
Package input makes Requests of lines: URLs and JSON, of files, pipes and arguments.

	bytes ─▷ texts: lineReader, table, jsonArray, sitemap, by the Form
	              └─▷ text of a line ─┬─ {…}  JSON ─┐
	arguments ─▷ Reader.URLs ─────────┴─ else URL ──┴─▷ fetch.Request, or fetch.LineError
	                                                       │
	Unique, Skip, Shard.Filter, Concat:                      ▼
	each takes a fetch.Source and returns one ◁──── fetch.Source ─▷ fetch.Run, or CountHosts

Reader.Entry makes a Request of the fields of an entry of a queue, and Reader.Texts has the text beside each Request, to
fill one.

With Reader.BodyURL a line is the body of a Request to that URL.

A line that can't be used is a LineError, not the end of the Source: the run records it as a failure. Unique and Skip
yield fetch.ErrSkipped with a Request that is not to be fetched; Shard.Filter leaves it out. Any other error is that of
the reader, and is the last element.

Forms other than lines make the text of a JSON line of each row, element or location. Count returns the number of
Requests of an input without parsing them, for a progress bar.

Lines that our own output has are input too: of a Record its request is made again, unless it is that of a line that
could not be used, which is a LineError again; summaries, log lines and plans are skipped.

Memory is bounded by the longest line, but for Unique. No package of the engine knows this one; of this module it
imports fetch, failure, httpurl and redact.
*/
package input
