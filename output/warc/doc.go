// Package warc writes web archives: WARC 1.1 (ISO 28500:2017), one gzip member or zstd frame a record.
//
//	fetch.Options.Archive ──▸ Writer.Archive ──▸ request, response or revisit      writer.go, exchange.go, revisit.go
//	fetch.Sink ──▸ Sink.Encode ──▸ metadata: the Record as JSON                    sink.go
//	                   │ group: records, each compressed by itself                 group.go, fields.go,
//	                   ▾                                                           hashes.go, deflate.go
//	               Writer.Write ──▸ file.Atomic, or journal.Output                 writer.go
//
//	archive ──▸ Records: the Records in it, as lines                               records.go
//
// Of each exchange there is a request record and a response record, as soon as it has ended: redirects and attempts
// that failed are there too. A response is a revisit record, without its body, where the server says that a stored one
// is still valid (304), or where the file has the same body already. The Record of each line of the input is a metadata
// record that says which response it is about.
//
// Where a response came chunked the body is written without that, and the name of the field that says so begins with
// X-Archive-Orig-: readers disagree on whether WARC-Payload-Digest is of the chunks. A truncated body has no
// WARC-Payload-Digest, as some readers take the Content-Length of its head for the length of the payload.
//
// No secret of a request is in a request record. A Set-Cookie, and what a server repeats of a request in a body, is as
// it came.
package warc
