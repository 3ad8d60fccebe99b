package savedir

import (
	"io"
	"sync"
)

// A smallBody holds a body in memory, up to smallBytes of it.
type smallBody struct {
	room *[smallBytes]byte
	size int
}

// smallBytes is the largest body in bytes that is held in memory until Commit. Beside writing a larger one the rest of
// what makes its file costs little.
const smallBytes = 32 << 10

var smallRooms = sync.Pool{New: func() any { return new([smallBytes]byte) }}

func newSmallBody() *smallBody { return &smallBody{room: smallRooms.Get().(*[smallBytes]byte)} }

// add appends p, and reports whether it had the room.
func (b *smallBody) add(p []byte) bool {
	if len(p) > smallBytes-b.size {
		return false
	}
	b.size += copy(b.room[b.size:], p)
	return true
}

func (b *smallBody) bytes() []byte { return b.room[:b.size] }

// ReadAt reads what has been added.
func (b *smallBody) ReadAt(p []byte, from int64) (int, error) {
	if from >= int64(b.size) {
		return 0, io.EOF
	}
	n := copy(p, b.room[from:b.size])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// release gives the memory back: the body is not used any more.
func (b *smallBody) release() {
	smallRooms.Put(b.room)
	b.room = nil
}
