package output

import (
	"strings"

	"batchfetch/fetch"
	"batchfetch/output/encode"
)

// lineSink is a fetch.Sink that keeps the lines put to it, in order of arrival.
type lineSink struct {
	lines   []string
	seqs    []int64
	flushes []bool
	err     error
}

func (*lineSink) Encode(r *fetch.Record) {
	r.Line = encode.AppendRecord(nil, r, encode.Layout{Body: encode.BodyAuto})
}

func (s *lineSink) Put(r *fetch.Record) error {
	if s.err != nil {
		return s.err
	}
	line := string(r.Line)
	if r.LongLine != nil {
		var text strings.Builder
		if _, err := r.LongLine.WriteTo(&text); err != nil {
			return err
		}
		line = text.String()
		r.Discard()
	}
	s.lines, s.seqs = append(s.lines, line), append(s.seqs, r.Seq)
	return nil
}

func (s *lineSink) Flush(last bool) error {
	s.flushes = append(s.flushes, last)
	return s.err
}

func (s *lineSink) all() string { return strings.Join(s.lines, "") }
