package netrc

import (
	"errors"
	"fmt"
	"strings"

	"batchfetch/fetch/httpurl"
)

// A File holds credentials by host name, as the file ~/.netrc gives them to curl and ftp. It is immutable.
type File struct {
	machines map[string][]Credentials // by lower-case name, in the order of the file
	others   []Credentials            // of default: for every other host
}

// A Credentials is one entry of a Netrc. Either text may be empty.
type Credentials struct{ Name, Password string }

// maxNetrc bounds a netrc file, in bytes: curl takes no more.
const maxNetrc = 128 << 10

// Parse reads a netrc file: machine NAME or default, each with login and password, over as many lines as they like.
// A word that holds spaces stands in double quotes, in which \n, \r and \t are what they are in C and any other character
// after a backslash is itself. A # where a keyword would stand starts a comment; account and macdef are read and not used.
// The first entry that fits counts, so nothing behind default does (curl's rules).
//
// The error names a line and never repeats its text: it may be secret.
func Parse(content []byte) (*File, error) {
	if len(content) > maxNetrc {
		return nil, fmt.Errorf("is over %d KiB", maxNetrc>>10)
	}
	n := &File{machines: make(map[string][]Credentials)}
	words := netrcWords{rest: strings.TrimPrefix(string(content), "\ufeff"), line: 1}
	p := netrcParser{into: n, words: &words}
	for {
		word, found, err := words.keyword()
		if err == nil && found {
			err = p.take(word)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", words.line, err)
		}
		if !found {
			p.close()
			return n, nil
		}
	}
}

// Login returns the credentials for a host name; a user that is not empty is the one whose password is wanted.
func (n *File) Login(host, user string) (Credentials, bool) {
	for _, list := range [][]Credentials{n.machines[strings.ToLower(host)], n.others} {
		for _, l := range list {
			switch {
			case user == "" && l.Name != "", user != "" && l.Name == user:
				return l, true
			case user != "" && l.Name == "" && l.Password != "":
				return Credentials{user, l.Password}, true
			}
		}
	}
	return Credentials{}, false
}

// A netrcParser puts entries together.
type netrcParser struct {
	into  *File
	words *netrcWords
	open  bool   // an entry has begun
	host  string // of that entry; empty is default
	entry Credentials
}

// take does what one keyword says.
func (p *netrcParser) take(keyword string) (err error) {
	switch keyword {
	case "machine":
		p.close()
		p.open = true
		p.host, err = p.words.value()
		if err == nil && p.host == "" {
			err = errors.New("machine has an empty name")
		}
		return err
	case "default":
		p.close()
		p.open, p.host = true, ""
		return nil
	case "macdef":
		_, err = p.words.value()
		p.words.skipMacro()
		return err
	case "login", "password", "account":
		if !p.open {
			return fmt.Errorf("%s stands before any machine", keyword)
		}
		text, err := p.words.value()
		switch keyword {
		case "login":
			p.entry.Name = text
		case "password":
			p.entry.Password = text
		}
		return err
	}
	return errors.New("a word that is none of machine, default, login, password, account and macdef; what holds spaces needs double quotes")
}

// close ends the entry under way.
func (p *netrcParser) close() {
	switch {
	case !p.open || p.into.others != nil:
	case p.host == "":
		p.into.others = []Credentials{p.entry}
	default:
		name := httpurl.ASCIIHost(strings.ToLower(p.host))
		p.into.machines[name] = append(p.into.machines[name], p.entry)
	}
	p.open, p.entry = false, Credentials{}
}

// netrcWords are the words of a netrc file, one after the other.
type netrcWords struct {
	rest string
	line int // of the word read last, 1-based
}

// keyword returns the next word behind comments; false at the end.
func (w *netrcWords) keyword() (string, bool, error) {
	for w.skipSpace() {
		if w.rest[0] == '#' {
			w.skipLine()
			continue
		}
		word, err := w.word()
		return word, true, err
	}
	return "", false, nil
}

// value returns the word that belongs to a keyword.
func (w *netrcWords) value() (string, error) {
	if !w.skipSpace() {
		return "", errors.New("the file ends where a value should stand")
	}
	return w.word()
}

// skipSpace goes to the next word; false at the end.
func (w *netrcWords) skipSpace() bool {
	for i, c := range []byte(w.rest) {
		switch c {
		case '\n':
			w.line++
		case ' ', '\t', '\r', '\v', '\f':
		default:
			w.rest = w.rest[i:]
			return true
		}
	}
	w.rest = ""
	return false
}

// skipLine goes to the start of the next line and returns what it has passed.
func (w *netrcWords) skipLine() string {
	line, rest, found := strings.Cut(w.rest, "\n")
	if w.rest = rest; found {
		w.line++
	}
	return line
}

// skipMacro goes behind the next blank line.
func (w *netrcWords) skipMacro() {
	w.skipLine() // of macdef itself
	for w.rest != "" && strings.TrimSpace(w.skipLine()) != "" {
	}
}

// word reads one word; there is one.
func (w *netrcWords) word() (string, error) {
	if w.rest[0] == '"' {
		return w.quoted()
	}
	end := strings.IndexAny(w.rest, " \t\r\n\v\f")
	if end < 0 {
		end = len(w.rest)
	}
	word := w.rest[:end]
	w.rest = w.rest[end:]
	return word, nil
}

var netrcEscapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t'}

// quoted reads a word in double quotes, which stands on one line.
func (w *netrcWords) quoted() (string, error) {
	var word []byte
	for i := 1; i < len(w.rest) && w.rest[i] != '\n'; i++ {
		c := w.rest[i]
		switch {
		case c == '"':
			w.rest = w.rest[i+1:]
			return string(word), nil
		case c == '\\' && i+1 < len(w.rest) && w.rest[i+1] != '\n':
			i++
			if c = w.rest[i]; netrcEscapes[c] != 0 {
				c = netrcEscapes[c]
			}
		}
		word = append(word, c)
	}
	return "", errors.New("a double quote is not closed on its line")
}
