/*
Package failure is the closed list of reasons why a request fails, and the causes with which contexts are cancelled.

	Kind, Failure, New                 what stands in a Record                           failure.go
	Limit, Stop ─▷ FromContext         the cause of a context, as a Failure              cause.go
	Innermost, IsReset, IsTimeout      what an error is, by its type                     cause.go
	StatusText, Unquoted, Clip         text for error messages, bounded, without secrets text.go
	ProxyRefusal                       a proxy that refuses to pass a request on         proxy.go

It is at the bottom of all other packages: it knows no Request, connection or flag, and imports none of our packages.
*/
package failure
