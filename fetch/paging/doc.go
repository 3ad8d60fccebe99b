// Package paging finds the URL of the next page in a response: in its Link fields (RFC 8288), or in its body where a
// JSON pointer (RFC 6901) leads to; there, or in an XML element, is also the value of a parameter of that URL, or a
// number in it grows as long as pages have something. It is pure, and bounded in memory by the longest string that it
// has to compare or return, in XML by the longest text. Of a value it makes the query, or the body of the request, for
// the next page.
//
//	Parse ──▸ Place ── Next(Response) ──▸ text of a URL reference                place.go
//	            │
//	            ├─ Holds, hasElements   whether there is a next page             condition.go
//	            ├─ NextLink             rel="next" among the Link fields         link.go
//	            ├─ Pointer.Find         a string in a JSON text                  pointer.go, elements.go, scan.go
//	            ├─ base                 what a relative URL in it is relative to base.go
//	            ├─ findMembers          the members of an object in it           members.go
//	            ├─ findElement          the text of an XML element               element.go, oai.go, xmltext.go
//	            ├─ attribute.find       that of an XML or HTML element           attribute.go
//	            ├─ withParameters       the query of this page, with others      query.go
//	            └─ Pointer.withValue    the body of its request, with another    requestbody.go
package paging
