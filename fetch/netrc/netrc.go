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
	defaults []Credentials            // of default: for every other host
}

// A Credentials is one entry of a Netrc. Either text may be empty.
type Credentials struct{ Name, Password string }

// maxFileSize bounds a netrc file, in bytes: curl takes no more.
const maxFileSize = 128 << 10

// Parse reads a netrc file: machine NAME or default, each with login and password, over as many lines as they like.
// A word that holds spaces stands in double quotes, in which \n, \r and \t are what they are in C and any other character
// after a backslash is itself. A # where a keyword would stand starts a comment; account and macdef are read and not used.
// The first entry that fits counts, so nothing behind default does (curl's rules).
//
// The error names a line and never repeats its text: it may be secret.
func Parse(content []byte) (*File, error) {
	if len(content) > maxFileSize {
		return nil, fmt.Errorf("is over %d KiB", maxFileSize>>10)
	}
	n := &File{machines: make(map[string][]Credentials)}
	words := scanner{rest: strings.TrimPrefix(string(content), "\ufeff"), line: 1}
	p := parser{file: n, scanner: &words}
	for {
		word, found, err := words.nextKeyword()
		if err == nil && found {
			err = p.readKeyword(word)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", words.line, err)
		}
		if !found {
			p.finishEntry()
			return n, nil
		}
	}
}

// Login returns the credentials for a host name; a user that is not empty is the one whose password is wanted.
func (n *File) Login(host, user string) (Credentials, bool) {
	for _, list := range [][]Credentials{n.machines[strings.ToLower(host)], n.defaults} {
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

// A parser puts entries together.
type parser struct {
	file    *File
	scanner *scanner
	inEntry bool   // an entry has begun
	host    string // of that entry; empty is default
	entry   Credentials
}

// readKeyword does what one keyword says.
func (p *parser) readKeyword(keyword string) (err error) {
	switch keyword {
	case "machine":
		p.finishEntry()
		p.inEntry = true
		p.host, err = p.scanner.nextValue()
		if err == nil && p.host == "" {
			err = errors.New("machine has an empty name")
		}
		return err
	case "default":
		p.finishEntry()
		p.inEntry, p.host = true, ""
		return nil
	case "macdef":
		_, err = p.scanner.nextValue()
		p.scanner.skipMacro()
		return err
	case "login", "password", "account":
		if !p.inEntry {
			return fmt.Errorf("%s stands before any machine", keyword)
		}
		text, err := p.scanner.nextValue()
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

// finishEntry ends the entry under way.
func (p *parser) finishEntry() {
	switch {
	case !p.inEntry || p.file.defaults != nil:
	case p.host == "":
		p.file.defaults = []Credentials{p.entry}
	default:
		name := httpurl.ASCIIHost(strings.ToLower(p.host))
		p.file.machines[name] = append(p.file.machines[name], p.entry)
	}
	p.inEntry, p.entry = false, Credentials{}
}

// scanner are the words of a netrc file, one after the other.
type scanner struct {
	rest string
	line int // of the word read last, 1-based
}

// nextKeyword returns the next word behind comments; false at the end.
func (w *scanner) nextKeyword() (string, bool, error) {
	for w.skipSpace() {
		if w.rest[0] == '#' {
			w.skipLine()
			continue
		}
		word, err := w.scanWord()
		return word, true, err
	}
	return "", false, nil
}

// nextValue returns the word that belongs to a keyword.
func (w *scanner) nextValue() (string, error) {
	if !w.skipSpace() {
		return "", errors.New("the file ends where a value should stand")
	}
	return w.scanWord()
}

// skipSpace goes to the next word; false at the end.
func (w *scanner) skipSpace() bool {
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
func (w *scanner) skipLine() string {
	line, rest, found := strings.Cut(w.rest, "\n")
	if w.rest = rest; found {
		w.line++
	}
	return line
}

// skipMacro goes behind the next blank line.
func (w *scanner) skipMacro() {
	w.skipLine() // of macdef itself
	for w.rest != "" && strings.TrimSpace(w.skipLine()) != "" {
	}
}

// scanWord reads one word; there is one.
func (w *scanner) scanWord() (string, error) {
	if w.rest[0] == '"' {
		return w.scanQuoted()
	}
	end := strings.IndexAny(w.rest, " \t\r\n\v\f")
	if end < 0 {
		end = len(w.rest)
	}
	word := w.rest[:end]
	w.rest = w.rest[end:]
	return word, nil
}

var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t'}

// scanQuoted reads a word in double quotes, which stands on one line.
func (w *scanner) scanQuoted() (string, error) {
	var word []byte
	for i := 1; i < len(w.rest) && w.rest[i] != '\n'; i++ {
		c := w.rest[i]
		switch {
		case c == '"':
			w.rest = w.rest[i+1:]
			return string(word), nil
		case c == '\\' && i+1 < len(w.rest) && w.rest[i+1] != '\n':
			i++
			if c = w.rest[i]; escapes[c] != 0 {
				c = escapes[c]
			}
		}
		word = append(word, c)
	}
	return "", errors.New("a double quote is not closed on its line")
}
