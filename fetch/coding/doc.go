/*
Package coding removes content codings from a response body: gzip, br, zstd, deflate (RFC 9110 section 8.4) and dcz.

	Of(header) ─▷ codings ─▷ NewReader(codings, body, offered, windows) ─▷ Read ─▷ Close        coding.go
	                              │
	                              ├─ gzipMembers, deflateReader: members, both forms of deflate   streams.go
	                              ├─ brotliReader ─ lease ─▷ Windows                              brotli.go, windows.go
	                              ├─ zstdReader ─ lease ─▷ Windows                                zstd.go, zstdframes.go
	                              └─ dczReader: zstdReader with a Dictionary (RFC 9842)           dcz.go, dictionary.go
	IsPackedFile, IsPackedTwice: a file that is packed itself, such as x.tar.gz                   packed.go
	IsUncoded: text that has none of the codings its response declares                          uncoded.go

What follows the last whole gzip member, zstd frame or other coded stream is ignored, as gzip(1) does. Decoders are
pooled, so a coded body costs few allocations. What they keep of a body, their windows, is taken from a budget of the
caller's, Windows. The package does not bound how much a body decodes to: its caller does. It knows no connection, file
or clock. Of our packages it imports failure alone.
*/
package coding
