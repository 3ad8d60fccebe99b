// Package journal makes an output resumable: a journal beside it says which requests are done and up to where it is
// good, so that the next run skips those and continues the file, whatever ended this one.
//
//	fetch.Skip ── Done ──▸ ledger: hash of a request ▸ its occurrences, and which of them are done    ledger.go
//	                         ▴ loadLedger
//	Open ──▸ readJournalState ──▸ findGood ──▸ truncate both files         open.go, recover.go
//	                         ▴ scanFrames
//	                         ▴ readHeader, readTail                        header.go, damage.go
//	NAME ◂── Write ── Sink ── commit frame ──▸ NAME.journal                sink.go, journal.go, format.go
//	  └────── sync ── KeepSynced ── mark frame ──────┘                     sync.go
//	  └────── Repack ── repacked frame, rename ──┘                         repack.go
//
// Of a request with several pages each is an entry (entry.go), and says which one comes next; the request is done when
// its last page is (chains.go).
//
// A success is done once its line is written and a commit frame with its hash follows in the journal: that survives a
// kill. A power cut may lose both, in any order. A mark frame says up to where they have been synced, and a check sum
// in each commit tells how much of what follows has arrived on disk.
package journal
