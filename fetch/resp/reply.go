package resp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// A Kind is the type of a reply (RESP2).
type Kind byte

// The types of replies. An error reply may be the one to any command.
const (
	Status Kind = '+'
	Number Kind = ':'
	Bulk   Kind = '$'
)

// A Command is a command and what may be the reply to it.
type Command struct {
	Words   []string
	Value   []byte // its last argument, where there is one more; nil is none
	Reply   Kind
	MaxBulk int // the most bytes of a Bulk
}

// A Reply is the reply to a Command.
type Reply struct {
	Bulk    []byte   // nil: there is none
	Number  int64    // of a Number
	Refusal *Refusal // an error reply; nil: the command was accepted
}

// ErrReply is wrapped in the errors for what a server sends and must not.
var ErrReply = errors.New("its answer is not what was requested")

// A Refusal is an error reply, known by its code alone.
type Refusal struct{ Code string }

// refusals are what the codes of error replies mean.
var refusals = map[string]string{
	"NOAUTH": "it wants a password", "WRONGPASS": "it refuses the user name or password",
	"NOPERM": "it does not allow this user to do so", "DENIED": "it accepts no connection from here without a password",
	"WRONGTYPE": "the key has a value of another type", "READONLY": "it is a replica, and takes no writes",
	"OOM": "it has no memory left", "MISCONF": "it can't save to its disk, and takes no writes",
	"NOREPLICAS": "it has too few replicas to take writes", "LOADING": "it is still loading its data",
	"BUSY": "it is busy with a script", "MASTERDOWN": "it has lost its master", "CLUSTERDOWN": "its cluster is down",
	"NOSCRIPT": "it does not know the script",
	"NOGROUP":  "it has no such stream, or no such consumer group of it",
	"UNKNOWN":  "it does not know a command of Redis 6.2",
	"MOVED":    "another node of its cluster has the key",
	"ASK":      "another node of its cluster has the key",
}

func (r *Refusal) Error() string {
	if why := refusals[r.Code]; why != "" {
		return why
	}
	return "it refuses a command"
}

// IsPassing reports whether the same command may be accepted a while later.
func (r *Refusal) IsPassing() bool {
	switch r.Code {
	case "LOADING", "BUSY", "OOM", "MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "":
		return true
	}
	return false
}

// refusalOf returns the Refusal for the text of an error reply. A code that is not known is dropped.
func refusalOf(text string) *Refusal {
	code, _, _ := strings.Cut(text, " ")
	if refusals[code] == "" {
		code = ""
	}
	return &Refusal{code}
}

// appendTo appends the command as an array of bulk strings.
func (c *Command) appendTo(p []byte) []byte {
	n := len(c.Words)
	if c.Value != nil {
		n++
	}
	p = fmt.Appendf(p, "*%d\r\n", n)
	for _, word := range c.Words {
		p = fmt.Appendf(p, "$%d\r\n%s\r\n", len(word), word)
	}
	if c.Value != nil {
		p = fmt.Appendf(slices.Grow(p, len(c.Value)+32), "$%d\r\n", len(c.Value))
		p = append(append(p, c.Value...), "\r\n"...)
	}
	return p
}

// maxLine bounds a line of a reply, in bytes: it is the size of a session's buffer.
const maxLine = 4 << 10

// readReply reads the reply to c. An error that is not of the connection wraps ErrReply.
func (c *Command) readReply(in *bufio.Reader) (Reply, error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return Reply{}, fmt.Errorf("%w: a line is over %d KiB", ErrReply, maxLine>>10)
	}
	if err != nil {
		return Reply{}, err
	}
	text, whole := strings.CutSuffix(string(line), "\r\n")
	switch {
	case !whole || text == "":
		return Reply{}, fmt.Errorf("%w: it is no RESP2", ErrReply)
	case text[0] == '-':
		return Reply{Refusal: refusalOf(text[1:])}, nil
	case Kind(text[0]) != c.Reply:
		return Reply{}, fmt.Errorf("%w: it has another type", ErrReply)
	case c.Reply == Status:
		return Reply{}, nil
	}
	n, err := strconv.ParseInt(text[1:], 10, 64)
	switch {
	case err != nil:
		return Reply{}, fmt.Errorf("%w: a number is none", ErrReply)
	case c.Reply == Number:
		return Reply{Number: n}, nil
	case n == -1:
		return Reply{}, nil
	case n < 0 || n > int64(c.MaxBulk):
		return Reply{}, fmt.Errorf("%w: it has another length", ErrReply)
	}
	bulk := make([]byte, n+2)
	if _, err := io.ReadFull(in, bulk); err != nil {
		return Reply{}, err
	}
	if string(bulk[n:]) != "\r\n" {
		return Reply{}, fmt.Errorf("%w: it is longer than it says", ErrReply)
	}
	return Reply{Bulk: bulk[:n:n]}, nil
}
