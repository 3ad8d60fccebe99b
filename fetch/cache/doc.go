/*
Package cache keeps answers to GET and HEAD so that they can be used again: a private cache as RFC 9111 has it, that of one user.

	Question ─▷ Find ─▷ Found? ─▷ Rules.Judge ─▷ Fresh: use it
	                                            Check: ask the server whether it still holds (Conditions, Confirms, Freshen)
	answer   ─▷ Rules.Keeps ─▷ Place.Draft ─▷ Writer ─▷ Commit

It knows no network and decides nothing by itself: time is an argument, and a Store is where the bytes are, on a disk or in Redis.
Bodies are kept as they are used, content codings taken off, with their hash; what does not match it is as if it were not there.

Nothing secret can be read in a Store but what servers answered. Of URLs, credentials and the request headers that Vary names
only hashes are kept, and Set-Cookie is left out.
*/
package cache
