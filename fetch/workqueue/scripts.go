package workqueue

import (
	_ "embed"
	"errors"
	"strconv"
	"strings"

	"batchfetch/fetch/resp"
)

//go:embed prelude.lua
var prelude string

//go:embed open.lua
var openText string

//go:embed take.lua
var takeText string

//go:embed keep.lua
var keepText string

//go:embed ack.lua
var ackText string

//go:embed leave.lua
var leaveText string

//go:embed push.lua
var pushText string

var (
	openScript  = resp.NewScript(prelude, openText)
	takeScript  = resp.NewScript(prelude, takeText)
	keepScript  = resp.NewScript(prelude, keepText)
	ackScript   = resp.NewScript(prelude, ackText)
	leaveScript = resp.NewScript(prelude, leaveText)
	pushScript  = resp.NewScript(prelude, pushText)
)

const (
	// maxEntry bounds the fields and values of one entry, in bytes: a request of 4 MiB, and some.
	maxEntry = 4<<20 + 64<<10
	// takeBytes is how many bytes of entries are taken until no more is.
	takeBytes = 1 << 20
	// maxReply bounds the reply of a script: at most takeBytes and one entry more, and for each field, if only of a byte,
	// what says how long it is.
	maxReply = 4 * (takeBytes + maxEntry)
	// manyDeliveries is how many there are of an entry until a user is told.
	manyDeliveries = 5
	// maxIDs is how many entries one call renews, acknowledges or hands back.
	maxIDs = 500
)

// An Entry is one of a stream.
type Entry struct {
	ID     string
	Fields []string // names and values in turn
	// TooLong says that it has more than 4 MiB, and that Fields is empty.
	TooLong bool
}

// taken is what take.lua returns.
type taken struct {
	history, claim        string
	pending, own, deleted int
	often                 string // the id of an entry that had manyDeliveries; empty: there is none
	entries               []Entry
}

var errNotOurs = errors.New("its script says something else")

// A netReader reads netstrings. failed is that what is left is none.
type netReader struct {
	text   string
	failed bool
}

func (r *netReader) next() string {
	digits, rest, found := strings.Cut(r.text, ":")
	n, err := strconv.Atoi(digits)
	if r.failed || !found || err != nil || n < 0 || n > len(rest) {
		r.failed = true
		return ""
	}
	r.text = rest[n:]
	return rest[:n]
}

func (r *netReader) number() int {
	n, err := strconv.Atoi(r.next())
	if err != nil {
		r.failed = true
	}
	return n
}

// parseTaken reads the reply of take.lua.
func parseTaken(bulk []byte) (t taken, err error) {
	in := netReader{text: string(bulk)}
	t.history, t.claim = in.next(), in.next()
	t.pending, t.own, t.deleted = in.number(), in.number(), in.number()
	t.often = in.next()
	in.failed = in.failed || t.often != "" && !isID(t.often)
	for !in.failed && in.text != "" {
		e := Entry{ID: in.next()}
		n := in.number()
		if n < -1 || n > len(in.text) || n > 0 && n%2 == 1 || !isID(e.ID) {
			in.failed = true
			break
		}
		if n == -1 {
			e.TooLong = true
			n = 0
		}
		for range n {
			e.Fields = append(e.Fields, in.next())
		}
		t.entries = append(t.entries, e)
	}
	if in.failed {
		return taken{}, errNotOurs
	}
	return t, nil
}

// isID reports whether a text is the id of an entry: two numbers of 64 bits with a hyphen between them.
func isID(text string) bool {
	first, second, found := strings.Cut(text, "-")
	_, wrong := strconv.ParseUint(first, 10, 64)
	_, wrong2 := strconv.ParseUint(second, 10, 64)
	return found && wrong == nil && wrong2 == nil
}
