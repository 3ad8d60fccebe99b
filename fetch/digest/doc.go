/*
Package digest finds what a response says of the bytes of its body, and compares it with what has come.

	header, trailer ─▷ Of ─▷ Claims, each with an Algorithm and the bytes that it is of:
	      Content-Digest, Content-MD5, x-amz-checksum-*     of this message, as it is framed
	      Repr-Digest, x-goog-hash, Docker-Content-Digest,
	      x-ms-blob-content-md5                              of the whole that a part, too, belongs to
	Claims.Hashes ─▷ Hashes, written to while the body is read ─▷ Check

Content codings are counted in: the bytes are those before any is taken off. Digests of other algorithms than those in
algorithms, and fields that can't be read, say nothing (RFC 9530 section 2). It is pure, and imports none of our
packages.
*/
package digest
