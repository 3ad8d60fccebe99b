package terminal

import (
	"io"
	"strings"
	"testing"

	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/encode/encodetest"
)

// The Screen is locked for all the pieces of a long line beside it.
func TestLongLineBesideTheScreen(t *testing.T) {
	out := &heldScreen{t: t, screen: NewScreen(io.Discard)}
	sink := output.NewJSONL(out.screen.Beside(out), encode.Layout{Body: encode.BodyAuto})
	r := encodetest.Success("text/plain", strings.Repeat("x", 1<<20))
	encodetest.WriteRecord(t, sink, encodetest.Spooled(t, r))
	if out.String() != string(encode.AppendRecord(nil, r, encode.Layout{Body: encode.BodyAuto})) || out.pieces < 2 {
		t.Errorf("%d bytes in %d pieces", out.Len(), out.pieces)
	}
	if !out.screen.mu.TryLock() {
		t.Error("the Screen is never given back")
	}
}

// heldScreen is a writer that fails the test where the Screen is not locked.
type heldScreen struct {
	strings.Builder
	t      *testing.T
	screen *Screen
	pieces int
	free   bool
}

func (h *heldScreen) Write(p []byte) (int, error) {
	if !h.free && h.screen.mu.TryLock() {
		h.free = true
		h.t.Error("another line could be written between the pieces")
	}
	h.pieces++
	return h.Builder.Write(p)
}
