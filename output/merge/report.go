package merge

import "strconv"

// A Report is what Merge has found.
type Report struct {
	// Records counts the lines that were written, Successes those of them that are no failures.
	Records, Successes int64
	// Missing counts the places before the last one, or before Settings.Expected, that no part has a Record of.
	Missing int64
	// MissingAt has the first of them, at most maxExamples: "7", "10-19", or "7 page 3".
	MissingAt []string
	// Twice counts the lines that were left out, as another has the same place and is no failure that gives way.
	Twice int64
	// TwiceAt has the places of the first of them, at most maxExamples.
	TwiceAt []string
	// Superseded counts the failures that were left out for the success of the same place.
	Superseded int64

	last     key
	begins   bool  // last is set
	next     int64 // behind the last index of a Record without an entry
	requests int64 // of which there are Records
}

// maxExamples is how many places a Report names.
const maxExamples = 20

// place takes the key of the next line in order into account, and reports whether the line is written.
func (r *Report) place(k key) bool {
	if r.begins && k.samePlace(r.last) {
		if k.kind == failure && r.last.kind == success {
			r.Superseded++
			return false
		}
		r.Twice++
		r.TwiceAt = addExample(r.TwiceAt, describe(k))
		return false
	}
	isNew := !r.begins || !k.sameRequest(r.last)
	switch {
	case !isNew && r.last.page > 0 && k.page > r.last.page+1:
		r.missPages(k, r.last.page+1)
	case isNew && k.entry == (entry{}):
		r.miss(r.next, k.index)
		r.next = k.index + 1
	}
	if isNew && k.page > 1 {
		r.missPages(k, 1)
	}
	if isNew {
		r.requests++
	}
	r.last, r.begins = k, true
	r.Records++
	if k.kind == success {
		r.Successes++
	}
	return true
}

// end takes into account how many Requests there were; negative is not known. Of those of a queue, which are in no
// order of indexes, it is not known which are missing.
func (r *Report) end(expected int64) {
	if r.last.entry == (entry{}) {
		r.miss(r.next, expected)
		return
	}
	r.Missing += max(expected-r.requests, 0)
}

// miss counts the places from first to before end.
func (r *Report) miss(first, end int64) {
	if first >= end {
		return
	}
	r.Missing += end - first
	r.MissingAt = addExample(r.MissingAt, describeRange(first, end-1))
}

// missPages counts the pages of an index from first to before end.
func (r *Report) missPages(k key, first int64) {
	r.Missing += k.page - first
	request := key{entry: k.entry, index: k.index}
	r.MissingAt = addExample(r.MissingAt, describe(request)+" page "+describeRange(first, k.page-1))
}

func addExample(to []string, place string) []string {
	if len(to) == maxExamples {
		return to
	}
	return append(to, place)
}

func describe(k key) string {
	text := strconv.FormatInt(k.index, 10)
	if k.entry != (entry{}) {
		text = strconv.FormatUint(k.entry.ms, 10) + "-" + strconv.FormatUint(k.entry.seq, 10)
	}
	if k.page > 0 {
		text += " page " + strconv.FormatInt(k.page, 10)
	}
	return text
}

func describeRange(first, last int64) string {
	text := strconv.FormatInt(first, 10)
	if last > first {
		text += "-" + strconv.FormatInt(last, 10)
	}
	return text
}
