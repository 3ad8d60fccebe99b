// Package savedir saves bodies as files below one directory.
//
//	Request ── NameTemplate ──▸ name ── claims: whose is it? ──▸ Claim, by another name where it is taken
//	            template.go    name.go        claims.go, fold.go      claim.go
//	                             │
//	Create ──▸ bodyWriter ── Commit: place ──▸ DIR/name   writer.go, bodyfile.go, place.go; disposition.go: {filename}
//	              │        a small one from memory, with others   smallbody.go, groupcommit.go
//	              │
//	              │ SetInfo, Suspend
//	              ▾
//	.batchfetch-HASH.part + .json (mark) ── Partial ──▸ partialBody ── Continue ──▸ bodyWriter
//
// Each type knows only those before it: folders ▸ tree (with temporary files, files without a name, marks) ▸ runs ▸
// namer ▸ commitGroup ▸ bodyWriter ▸ Dir ▸ partialBody.
//
// Several runs may have one directory open: runs.go says which files are whose, place.go who gets a name.
//
// Names never lead out of the directory: NameTemplate makes safe ones, and os.Root holds every access to it.
package savedir
