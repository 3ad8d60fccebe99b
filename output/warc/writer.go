package warc

import (
	"io"
	"strings"
	"sync"
	"time"

	"batchfetch/fetch/spool"
)

// IsName reports whether an output of that name is an archive: .warc, .warc.gz or .warc.zst.
func IsName(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".warc") || strings.HasSuffix(name, ".warc.gz") || strings.HasSuffix(name, ".warc.zst")
}

// Info is what the warcinfo record of a run says.
type Info struct {
	// File is the name of the archive, Software what writes it, UserAgent the User-Agent that requests are sent with.
	File, Software, UserAgent string
	// Robots is the policy for robots.txt: obey or ignore.
	Robots string
}

// A Writer writes an archive. Many goroutines may use it.
type Writer struct {
	info   Info
	coding *coding
	space  *spool.Space // for what is too large for memory; nil is no bound
	known  knownBodies

	mu     sync.Mutex
	out    io.Writer // each Write is of whole records, but for those in a temporary file
	held   []byte    // records that are not written yet, less than writeSize with the last group
	begun  bool      // this run's warcinfo record is written
	failed error     // the first error: nothing is written after it, since the file may end within a record
}

// writeSize is the size of a Write in bytes from which on records are written. A larger group is written by itself.
const writeSize = 64 << 10

// NewWriter returns a Writer to out, the file of info.
func NewWriter(out io.Writer, info Info, space *spool.Space) *Writer {
	return &Writer{out: out, info: info, coding: codingOf(strings.ToLower(info.File)), space: space}
}

// Write writes what is held, and then whole records as they are. Before the first it writes the warcinfo record of the
// run, and with none it writes only that.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.flush(); err != nil || len(p) == 0 {
		return 0, err
	}
	n, err := w.out.Write(p)
	w.failed = err
	return n, err
}

// add adds the records of a group. Those in memory may be held until Flush.
func (w *Writer) add(g *group) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.begin(); err != nil {
		return err
	}
	if g.to.Size() < writeSize {
		w.held = append(w.held, g.to.Bytes()...)
		if len(w.held) < writeSize {
			return nil
		}
		return w.flush()
	}
	if err := w.flush(); err != nil {
		return err
	}
	_, w.failed = g.to.WriteTo(w.out)
	return w.failed
}

// Flush writes what is held.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.held) == 0 {
		return w.failed
	}
	return w.flush()
}

// flush is Flush, but for the warcinfo record, which it writes in any case. w.mu is held.
func (w *Writer) flush() error {
	if err := w.begin(); err != nil || len(w.held) == 0 {
		return err
	}
	_, w.failed = w.out.Write(w.held)
	w.held = w.held[:0]
	return w.failed
}

// Err returns the first error of writing.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// begin writes the warcinfo record (section 6.1.2), once. w.mu is held.
func (w *Writer) begin() error {
	if w.begun || w.failed != nil {
		return w.failed
	}
	w.begun = true
	g := w.newGroup()
	defer g.close()
	f := g.newFields("warcinfo", newID(), dateOf(time.Now())).addOptional("WARC-Filename", w.info.File)
	block := fields(nil).add("software", w.info.Software).add("format", "WARC File Format 1.1").
		add("conformsTo", "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/").
		add("robots", w.info.Robots).addOptional("http-header-user-agent", w.info.UserAgent)
	if w.failed = g.addText(f, "application/warc-fields", block); w.failed == nil {
		_, w.failed = g.to.WriteTo(w.out)
	}
	return w.failed
}

// newGroup returns an empty group; its close is called at the end.
func (w *Writer) newGroup() *group {
	return &group{spool.NewBuffer(w.space, groupMemory), w.coding, scratches.Get().(*scratch)}
}
