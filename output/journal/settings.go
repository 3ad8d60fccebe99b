package journal

import (
	"batchfetch/fetch"
	"batchfetch/output/savedir"
)

// Settings are what an Output needs to know of the rest of the run.
type Settings struct {
	// AppendRequest appends a text that is equal for equal Requests and differs for different ones.
	AppendRequest func(text []byte, r *fetch.Request) []byte
	// SaveDir is the directory of the bodies that Records point to; nil is none.
	SaveDir *savedir.Dir
	// MaxPages is the number of the last page that this run asks for: a request whose next page is beyond it is done.
	MaxPages int
	// Part says which part of its input the run fetches, such as "6/8", in 1 to 64 bytes; "1/1" is the whole. An output
	// of another part is not resumed. Empty is not known, and goes with any.
	Part string
}
