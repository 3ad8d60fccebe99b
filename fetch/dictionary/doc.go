/*
Package dictionary says which stored responses are offered to a server as compression dictionaries (RFC 9842).

	Use-As-Dictionary ─▷ TermsOf ─▷ Terms.Pattern ─▷ Matches     what a server says of a response     terms.go
	Index.Add ─▷ Index.Matching: the best first (section 2.2.3)  those of one origin and login        index.go
	SetOffer ─▷ Available-Dictionary, Dictionary-ID              what a request says of one           terms.go

It holds no content: the cache does, and package coding decodes with it. It knows no connection, store or clock, and
imports none of our packages.
*/
package dictionary
