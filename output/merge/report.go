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

	last   key
	begins bool // last is set
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
	next := int64(0)
	if r.begins {
		next = r.last.index + 1
	}
	r.miss(next, k.index)
	if sameIndex := r.begins && k.index == r.last.index; sameIndex && r.last.page > 0 && k.page > r.last.page+1 {
		r.missPages(k.index, r.last.page+1, k.page)
	} else if !sameIndex && k.page > 1 {
		r.missPages(k.index, 1, k.page)
	}
	r.last, r.begins = k, true
	r.Records++
	if k.kind == success {
		r.Successes++
	}
	return true
}

// end takes into account how many Requests there were; negative is not known.
func (r *Report) end(expected int64) {
	next := int64(0)
	if r.begins {
		next = r.last.index + 1
	}
	r.miss(next, expected)
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
func (r *Report) missPages(index, first, end int64) {
	r.Missing += end - first
	r.MissingAt = addExample(r.MissingAt, strconv.FormatInt(index, 10)+" page "+describeRange(first, end-1))
}

func addExample(to []string, place string) []string {
	if len(to) == maxExamples {
		return to
	}
	return append(to, place)
}

func describe(k key) string {
	text := strconv.FormatInt(k.index, 10)
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
