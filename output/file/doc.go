// Package file writes the files that users name: whole or not at all, one run at a time.
//
//	Create ──▸ NAME.part (locked) ── Commit: sync, rename, sync the folder ──▸ NAME      Atomic
//	OpenLive ──▸ NAME (locked), written in place as the run goes                         Live
//
//	names.go         which names are one file, and which are written in place
//	lock*.go, sync*.go, boot*.go    flock(2), sync(2) and the ID of a boot, on systems that have them
//
// It imports no other package of ours.
package file
