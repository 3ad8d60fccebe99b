/*
Package spool stores bytes that are too many for memory in temporary files, without a name where the system allows it.

	Space: the bytes that all Files may have; the charge of one        space.go
	New, Space.NewBody, Space.NewLines            spool.go
	    ─▷ File ─▷ Write, ReadFrom, Truncate      spool.go
	            ─▷ Reader, WriteTo, Part ─▷ Close
	  openUnnamed: O_TMPFILE on Linux             tmpfile_linux.go, tmpfile_other.go
	  Check, Free: whether a directory can be used, and what its disk has left

It promises that nothing is left on disk when the process ends, where the system has files without a name, and
otherwise when each File is closed, and that the Files of one Space are not more at once than it allows, but for one. It
knows nothing of what the bytes are, and imports none of our packages. Package spooltest checks that none is left open.
*/
package spool
