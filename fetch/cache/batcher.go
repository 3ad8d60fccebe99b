package cache

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// A Batcher is a Store in front of a Disk that writes small entries a little later, many at a time and in a goroutine
// of its own: a Commit then costs no system call, and whoever calls it has no disk to wait for. What waits is found,
// by this process; others find it once it is written, within lingerTime as a rule. A kill loses what waits. It holds no
// more than maxBatches batches and the one that is filled: with so many under way a Commit waits for one.
//
// The error of a write is that of the next Commit, or of Close.
type Batcher struct {
	disk       *Disk
	maxWriting int // batches that are sent off and not written, before a Commit waits
	maxWriters int // goroutines that write batches

	mu      sync.Mutex // guards all below
	done    sync.Cond  // a batch was written
	open    *batch     // is being filled; nil: nothing waits but what was sent off
	pending map[Key]*batch
	full    []*batch    // were sent off, the oldest first, and no writer has taken them
	writing int         // batches that were sent off and are not written
	writers int         // goroutines that write batches
	linger  *time.Timer // sends the open batch off; nil: no batch was opened yet
	err     error       // of the writes since a caller was last told of one
}

const (
	// maxBatches is how many are sent off and not written at most, before a Commit waits: with fewer, one that is held
	// up for a moment would hold all up, which a Guard takes for a slow disk.
	maxBatches = 64
	// batchesPerWriter is how many batches wait for each writer before there is another one. A writer for each batch
	// would wake a processor for each, and an exchange takes a tenth more.
	batchesPerWriter = 4
	// lingerTime is how long an entry waits for others at most.
	lingerTime = 50 * time.Millisecond
)

// NewBatcher returns a Batcher in front of disk, which it owns. It has at most so many files open at once, and no more
// than maxBatches.
func NewBatcher(disk *Disk, files int) *Batcher {
	b := &Batcher{disk: disk, maxWriting: maxBatches, maxWriters: max(1, min(files, maxBatches)),
		pending: make(map[Key]*batch)}
	b.done.L = &b.mu
	return b
}

// Get returns the Entry under key, from memory where it waits to be written.
func (b *Batcher) Get(ctx context.Context, key Key) (*Found, error) {
	if b.disk.lacks(key) {
		return nil, nil
	}
	if image := b.waiting(key); image != nil {
		e, body, err := findImage(image, key)
		if err != nil {
			return nil, nil //nolint:nilerr // as a Disk: what can't be read is missing
		}
		return NewFound(e, bytes.NewReader(body), nil), nil
	}
	return b.disk.Get(ctx, key)
}

// knowsKeys and lacks are those of the Disk: it knows of an entry from when it is added to a batch.
func (b *Batcher) knowsKeys() bool    { return b.disk.knowsKeys() }
func (b *Batcher) lacks(key Key) bool { return b.disk.lacks(key) }

// waiting returns a copy of the image that waits to be written under key; nil is none.
func (b *Batcher) waiting(key Key) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if held := b.pending[key]; held != nil {
		return bytes.Clone(held.image(key))
	}
	return nil
}

// Put returns a Writer for the entry of key.
func (b *Batcher) Put(_ context.Context, key Key) (Writer, error) {
	room := rooms.Get().(*[roomBytes]byte)
	w := &batchWriter{diskWriter: b.disk.writer(key), batcher: b, room: room}
	w.head = room[:0]
	return w, nil
}

// A batchWriter is a Writer of a Batcher: that of the Disk until Commit.
type batchWriter struct {
	diskWriter
	batcher *Batcher
	room    *[roomBytes]byte // where head begins; nil: it was given back, by Commit or Abort
}

// roomBytes is the size of the memory for the image of a usual small entry, which is used again: 2.5 KB of garbage for
// 1 KB of JSON.
const roomBytes = 4 << 10

var rooms = sync.Pool{New: func() any { return new([roomBytes]byte) }}

// giveBack gives the room back.
func (w *batchWriter) giveBack() {
	if w.room != nil {
		rooms.Put(w.room)
		w.room, w.head = nil, nil
	}
}

// Abort is that of the Disk.
func (w *batchWriter) Abort() {
	w.diskWriter.Abort()
	w.giveBack()
}

// Commit has the entry written later, with others where it is small; a large one it writes.
func (w *batchWriter) Commit(ctx context.Context, e *Entry) error {
	defer w.giveBack()
	if w.file != nil || w.err != nil {
		w.batcher.settle(w.key)
		return w.diskWriter.Commit(ctx, e)
	}
	size := len(w.head)
	image, err := appendCheckedNote(w.head, w.key, e)
	if err != nil {
		return err
	}
	if len(image) > tailBytes {
		w.head = image[:size]
		w.batcher.settle(w.key)
		return w.diskWriter.Commit(ctx, e)
	}
	w.done = true
	return w.batcher.add(part{key: w.key, image: image})
}

// add adds a copy of an image to the open batch. It returns the error of an earlier write.
func (b *Batcher) add(p part) error {
	b.disk.files.own.willStore(p.key)
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		b.settleLocked(p.key)
		if b.open == nil || len(b.open.images)+len(p.image) > batchBytes {
			b.sendOff()
			if b.writing >= b.maxWriting {
				b.done.Wait() // others may open a batch meanwhile, fill it, or add the key
				continue
			}
			b.openBatch()
		}
		break
	}
	start := len(b.open.images)
	b.open.images = append(b.open.images, p.image...)
	p.image = b.open.images[start:]
	b.open.parts = append(b.open.parts, p)
	b.pending[p.key] = b.open
	err := b.err
	b.err = nil
	return err
}

// openBatch opens a batch, and starts the time after which it is sent off. mu is held.
func (b *Batcher) openBatch() {
	b.open = batches.Get().(*batch)
	if b.linger == nil {
		b.linger = time.AfterFunc(lingerTime, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.sendOff() // or the one behind that: early does no harm
		})
		return
	}
	b.linger.Reset(lingerTime)
}

// sendOff has the open batch written, where there is one. mu is held.
func (b *Batcher) sendOff() {
	if b.open == nil {
		return
	}
	b.full = append(b.full, b.open)
	b.open = nil
	b.linger.Stop()
	b.writing++
	if b.writers == 0 || b.writers < b.maxWriters && len(b.full) > batchesPerWriter*b.writers {
		b.writers++
		go b.write() // Close waits for it
	}
}

// write writes batches until none is left.
func (b *Batcher) write() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.full) > 0 {
		full := b.full[0]
		b.full = slices.Delete(b.full, 0, 1)
		b.mu.Unlock()
		err := b.disk.putAll(full)
		b.mu.Lock()
		for _, p := range full.parts {
			delete(b.pending, p.key)
		}
		b.writing--
		b.err = errors.Join(b.err, err)
		b.done.Broadcast()
		full.images, full.parts = full.images[:0], full.parts[:0]
		batches.Put(full)
	}
	b.writers--
}

// settle returns once nothing waits under key. It hardly ever has to wait.
func (b *Batcher) settle(key Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settleLocked(key)
}

// settleLocked is settle where mu is held, but while it waits.
func (b *Batcher) settleLocked(key Key) {
	for b.pending[key] != nil {
		if b.pending[key] == b.open {
			b.sendOff()
		}
		b.done.Wait()
	}
}

// Refresh has a small entry written again later, with others. Of a large one it is that of the Disk.
func (b *Batcher) Refresh(ctx context.Context, key Key, e *Entry) error {
	b.settle(key)
	image, small, err := b.disk.refreshed(key, e)
	switch {
	case err == nil && !small:
		return b.disk.Refresh(ctx, key, e)
	case err != nil || image == nil:
		return err
	}
	return b.add(part{key: key, image: image, replaces: true})
}

// Delete is that of the Disk, once the entry is written.
func (b *Batcher) Delete(ctx context.Context, key Key) error {
	b.settle(key)
	return b.disk.Delete(ctx, key)
}

// Close writes what waits, and closes the Disk.
func (b *Batcher) Close() error {
	b.mu.Lock()
	b.sendOff()
	for b.writing > 0 {
		b.done.Wait()
	}
	err := b.err
	b.err = nil
	b.mu.Unlock()
	return errors.Join(err, b.disk.Close())
}
