/*
Package cache stores responses to GET and HEAD for reuse: a private cache after RFC 9111, that of one user.

	Request ─▷ Find ─▷ Found? ─▷ Rules.Judge ─▷ Fresh, Stale: use it              request.go, find.go, rules.go
	                                          ─▷ Check: Conditions, for the request  validate.go
	304 ─▷ Confirms ─▷ Freshen ─▷ Store.Refresh                                      validate.go
	response ─▷ Rules.Keeps ─▷ Place.Draft ─▷ Writer ─▷ Commit                       rules.go, draft.go
	a choice: where several responses are stored for one URL (Vary)                  choice.go

	Store: where the bytes are: Disk, with a Batcher that writes many small entries at a time, or Redis (package resp);
	with a Guard around it whose failures do not fail the run
	Batcher ▸ Disk ▸ diskWriter ▸ usage ▸ sweep ▸ entryFiles ▸ draftFiles, ownKeys: the parts of a directory, from above
	image: how an Entry and its body are written in a Store

It knows no network of HTTP and decides nothing by itself: time is an argument, and the caller follows the Use that it
returns. Bodies are stored decoded, without their content codings, with their hash; a body that does not match it is
treated as missing.

Nothing secret can be read in a Store but what servers sent. Of URLs, credentials and the request headers that Vary
names only hashes are stored, and Set-Cookie is left out. Of our packages it imports resp and unnamed.
*/
package cache
