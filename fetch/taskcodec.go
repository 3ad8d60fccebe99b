package fetch

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"net/textproto"
	"time"

	"github.com/klauspost/compress/s2"

	"batchfetch/fetch/plan"
)

// A taskCodec is the plan.Codec of a run: it packs tasks that have had no exchange, of each its Request and its seq.
// The scheduler's lock guards it.
type taskCodec struct {
	setTarget   func(*task) // sets the target of an unpacked task
	largeBytes  *int64      // the bytes of large Requests in memory: see Request.largeSize
	raw, packed []byte      // buffers, kept between calls
}

// maxKeptBuffer is the largest buffer in bytes that a taskCodec keeps. Only a large Request needs a larger one.
const maxKeptBuffer = 128 << 10

// Pack implements plan.Codec.
func (c *taskCodec) Pack(tasks []*plan.Task) []byte {
	raw := c.raw[:0]
	last := new(task)
	for _, owned := range tasks {
		t := owned.Owner.(*task)
		*c.largeBytes -= t.request.largeSize()
		raw = appendTask(raw, t, last)
		last = t
	}
	if most := s2.MaxEncodedLen(len(raw)); cap(c.packed) < most {
		c.packed = make([]byte, most)
	}
	packed := bytes.Clone(s2.EncodeBetter(c.packed[:cap(c.packed)], raw))
	if c.raw = raw; cap(raw) > maxKeptBuffer {
		c.raw, c.packed = nil, nil
	}
	return packed
}

// Unpack implements plan.Codec.
func (c *taskCodec) Unpack(packed []byte) []*plan.Task {
	raw, err := s2.Decode(c.raw[:0], packed)
	if err != nil {
		panic("fetch: memory that held waiting requests is corrupt: " + err.Error())
	}
	u := taskReader{text: string(raw)}
	var tasks []*plan.Task
	last := new(task)
	for len(u.text) > 0 {
		t := u.task(last)
		last = t
		c.setTarget(t)
		t.updatePlanTask()
		*c.largeBytes += t.request.largeSize()
		tasks = append(tasks, &t.Task)
	}
	return tasks
}

// The flags of a packed task: which parts of its Request it has beside URL and File.
const (
	packedMore     = 1 << iota // any part but Tag
	packedBody                 // Body is not nil
	packedTag                  // Tag is not zero
	packedRetry                // Retry is not nil
	packedRetryYes             // *Retry is true
	packedSettings             // Settings is not nil
)

// appendTask appends a task in packed form. Its numbers are differences to those of the task before, which are small.
func appendTask(raw []byte, t, last *task) []byte {
	r := &t.request
	raw = binary.AppendVarint(raw, t.seq-last.seq)
	raw = binary.AppendVarint(raw, r.Index-last.request.Index)
	raw = binary.AppendVarint(raw, r.Line-last.request.Line)
	flags := packedFlags(r)
	raw = appendText(append(raw, flags), r.URL)
	raw = appendText(raw, r.File)
	if flags&packedTag != 0 {
		raw = append(raw, r.Tag[:]...)
	}
	if flags&packedMore == 0 {
		return raw
	}
	raw = append(raw, byte(r.BodyForm))
	for _, text := range [...]string{r.Method, string(r.Body), string(r.ID), string(r.Meta), r.SHA256, r.Path, r.Delivery,
		r.Entry} {
		raw = appendText(raw, text)
	}
	raw = binary.AppendUvarint(raw, uint64(len(r.Header)))
	for _, name := range sortedNames(r.Header) {
		raw = appendText(raw, name)
		values := r.Header[name]
		if values == nil { // it removes a header
			raw = append(raw, 0)
			continue
		}
		raw = binary.AppendUvarint(raw, uint64(len(values))+1)
		for _, value := range values {
			raw = appendText(raw, value)
		}
	}
	return appendSettings(raw, r.Settings)
}

// appendSettings appends settings: each of them behind the number of its values, 0 or 1, but for the statuses.
func appendSettings(raw []byte, s *RequestSettings) []byte {
	if s == nil {
		return raw
	}
	if raw = append(raw, 0); s.Timeout != nil {
		raw[len(raw)-1] = 1
		raw = binary.AppendVarint(raw, int64(*s.Timeout))
	}
	if raw = append(raw, 0); s.MaxBody != nil {
		raw[len(raw)-1] = 1
		raw = binary.AppendVarint(raw, *s.MaxBody)
	}
	if raw = append(raw, 0); s.Proxy != nil {
		raw[len(raw)-1] = 1
		raw = appendText(raw, *s.Proxy)
	}
	raw = binary.AppendUvarint(raw, uint64(len(s.AcceptStatus)))
	for _, span := range s.AcceptStatus {
		raw = binary.AppendVarint(binary.AppendVarint(raw, int64(span[0])), int64(span[1]))
	}
	return raw
}

// packedFlags returns the flags of a Request.
func packedFlags(r *Request) byte {
	var flags byte
	if r.HasMoreThanURL() || r.ID != nil || r.Meta != nil || r.Delivery != "" || r.Entry != "" {
		flags |= packedMore
	}
	if r.Body != nil {
		flags |= packedBody
	}
	if r.Tag != (Tag{}) {
		flags |= packedTag
	}
	if r.Retry != nil {
		flags |= packedRetry
		if *r.Retry {
			flags |= packedRetryYes
		}
	}
	if r.Settings != nil {
		flags |= packedSettings
	}
	return flags
}

// appendText appends a string behind its length.
func appendText(raw []byte, text string) []byte {
	return append(binary.AppendUvarint(raw, uint64(len(text))), text...)
}

// A taskReader reads what appendTask wrote. The strings that it returns share the memory of text.
type taskReader struct{ text string }

// task reads one task; last is the one before.
func (u *taskReader) task(last *task) *task {
	t := newTask(Request{})
	r := &t.request
	t.seq = last.seq + u.varint()
	r.Index = last.request.Index + u.varint()
	r.Line = last.request.Line + u.varint()
	flags := u.next(1)[0]
	r.URL, r.File = u.string(), u.string()
	if flags&packedTag != 0 {
		copy(r.Tag[:], u.next(len(r.Tag)))
	}
	if flags&packedMore == 0 {
		return t
	}
	r.BodyForm = BodyForm(u.next(1)[0])
	r.Method = u.string()
	if body := u.string(); flags&packedBody != 0 {
		r.Body = append(make([]byte, 0, len(body)), body...)
	}
	r.ID, r.Meta = u.raw(), u.raw()
	r.SHA256, r.Path, r.Delivery, r.Entry = u.string(), u.string(), u.string(), u.string()
	r.Header = u.header()
	if flags&packedRetry != 0 {
		yes := flags&packedRetryYes != 0
		r.Retry = &yes
	}
	if flags&packedSettings != 0 {
		r.Settings = u.settings()
	}
	return t
}

// settings reads what appendSettings wrote.
func (u *taskReader) settings() *RequestSettings {
	s := new(RequestSettings)
	if u.next(1)[0] > 0 {
		timeout := time.Duration(u.varint())
		s.Timeout = &timeout
	}
	if u.next(1)[0] > 0 {
		most := u.varint()
		s.MaxBody = &most
	}
	if u.next(1)[0] > 0 {
		proxy := u.string()
		s.Proxy = &proxy
	}
	for range u.uvarint() {
		first, last := u.varint(), u.varint()
		s.AcceptStatus = append(s.AcceptStatus, [2]int{int(first), int(last)})
	}
	return s
}

// header reads a header; nil is an empty one.
func (u *taskReader) header() http.Header {
	n := u.uvarint()
	if n == 0 {
		return nil
	}
	h := make(http.Header, n)
	for range n {
		name := textproto.CanonicalMIMEHeaderKey(u.string()) // interned, for the common ones
		var values []string
		if count := u.uvarint(); count > 0 {
			values = make([]string, count-1)
		}
		for i := range values {
			values[i] = u.string()
		}
		h[name] = values
	}
	return h
}

// raw reads a JSON value; an empty one is nil.
func (u *taskReader) raw() []byte {
	text := u.string()
	if text == "" {
		return nil
	}
	return []byte(text)
}

// string reads a string that appendText wrote.
func (u *taskReader) string() string { return u.next(int(u.uvarint())) }

// next returns the next n bytes.
func (u *taskReader) next(n int) string {
	part := u.text[:n]
	u.text = u.text[n:]
	return part
}

// uvarint reads a number in the encoding of binary.AppendUvarint.
func (u *taskReader) uvarint() uint64 {
	var value uint64
	for shift := 0; ; shift += 7 {
		b := u.next(1)[0]
		value |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return value
		}
	}
}

// varint reads a number in the zigzag encoding of binary.AppendVarint.
func (u *taskReader) varint() int64 {
	v := u.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}
