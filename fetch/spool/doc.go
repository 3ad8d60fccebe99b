/*
Package spool stores bytes that are too many for memory in temporary files, without a name where the system allows it.

	New ─▷ File ─▷ Write, ReadFrom, Truncate      spool.go
	            ─▷ Reader, WriteTo, Part ─▷ Close
	  openUnnamed: O_TMPFILE on Linux             tmpfile_linux.go, tmpfile_other.go

It promises that nothing is left on disk when the process ends, where the system has files without a name, and
otherwise when each File is closed. It does not bound how much is written. It knows nothing of what the bytes are, and
imports none of our packages. Package spooltest checks that none is left open.
*/
package spool
