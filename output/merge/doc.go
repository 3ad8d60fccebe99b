/*
Package merge joins the outputs of several runs, the parts of one input, in the order of that input.

	Merge(ctx, parts, out, settings)    merge.go: reads the parts, and writes the Report of what was found
	  ─▷ sorter ─▷ run...               sort.go: an external merge sort: sorted runs in a temporary file
	  ─▷ merger ─▷ out                  merger.go: the runs joined; what is missing or there twice

Each line is copied byte for byte. Memory is bounded whatever the size of the parts and of a line: what is more than one
chunk passes through temporary files (package spool).
*/
package merge
