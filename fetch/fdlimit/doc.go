/*
Package fdlimit knows how many files a process may have open, and what to do when there are too many.

	Exchanges ─▷ RLIMIT_NOFILE, less those open  ─▷ how many exchanges at once   fdlimit.go
	Idle ─▷ how many idle connections may be kept beside them                    fdlimit.go
	IsExhausted ─▷ EMFILE, ENFILE                                                fdlimit.go
	IsShortage ─▷ those, a lack of local ports or memory                         shortage.go
	RetryWhenFree ─▷ dial, close idle connections, dial again                    shortage.go
	descriptorLimit, openDescriptors                         descriptors_unix.go, descriptors_other.go
	countedDescriptors                                       descriptors_linux.go, descriptors_bsd.go

It promises that a lack of files, ports or memory is never taken for a failure of a host. It changes no limit: the Go
runtime has raised it already. It imports none of our packages.
*/
package fdlimit
