/*
Package netrc parses netrc files, which hold user names and passwords by host name, by curl's rules.

It promises that no error repeats text of a file, which may be secret. It knows no file system and no URL: a file's
content and a host name are arguments. Of our packages it imports httpurl alone.
*/
package netrc

import (
	"errors"
	"fmt"
	"strings"

	"batchfetch/fetch/httpurl"
)

// A File is a parsed netrc file: credentials by host name, as ~/.netrc gives them to curl and ftp. It is immutable,
// and so safe for concurrent use.
type File struct {
	machines map[string][]Credentials // by lower-case ASCII host name, in the order of the file
	defaults []Credentials            // of the default entry, for hosts without an entry that fits
}

// A Credentials is one entry of a File. Either text may be empty.
type Credentials struct{ Name, Password string }

// maxFileSize bounds a netrc file, in bytes, as curl does.
const maxFileSize = 128 << 10

// Parse parses a netrc file: entries of machine NAME or default, each with login and password, separated by any white
// space. A word with spaces is enclosed in double quotes, in which \n, \r and \t are line feed, carriage return and
// tab, and any other character after a backslash is itself. A # in the place of a keyword starts a comment; account
// and macdef are read and ignored. The first entry that fits is used, so entries after default are ignored (curl's
// rules).
//
// The error names a line and never repeats its text, which may be secret.
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

// Login returns the credentials for a host name. Where user is not empty, they are that user's: an entry with this
// name, or one with a password alone. It returns false where the file has none. It takes time by the number of entries
// of that host.
func (n *File) Login(host, user string) (Credentials, bool) {
	if l, found := choose(n.machines[strings.ToLower(host)], user); found {
		return l, true
	}
	return choose(n.defaults, user)
}

// NamedLogin is Login for any user, without the default entry: that names no host.
func (n *File) NamedLogin(host string) (Credentials, bool) {
	return choose(n.machines[strings.ToLower(host)], "")
}

// choose returns the first credentials of list that fit a user; an empty one is any.
func choose(list []Credentials, user string) (Credentials, bool) {
	for _, l := range list {
		switch {
		case user == "" && l.Name != "", user != "" && l.Name == user:
			return l, true
		case user != "" && l.Name == "" && l.Password != "":
			return Credentials{user, l.Password}, true
		}
	}
	return Credentials{}, false
}

// A parser builds a File from words.
type parser struct {
	file    *File
	scanner *scanner
	inEntry bool        // machine or default has been read, so host and entry are those of an entry
	host    string      // of that entry, as in the file; empty is default
	entry   Credentials // as far as it has been read
}

// readKeyword handles one keyword and reads its value.
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
	return errors.New("a word that is none of machine, default, login, password, account and macdef; " +
		"what holds spaces needs double quotes")
}

// finishEntry adds the entry that has been read, if any, to the File. Entries after default are dropped.
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

// A scanner splits a netrc file into words.
type scanner struct {
	rest string // what has not been read yet
	line int    // of the word read last, 1-based
}

// nextKeyword returns the next word after comments; false at the end of the file.
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

// nextValue returns the word after a keyword. The end of the file is an error.
func (w *scanner) nextValue() (string, error) {
	if !w.skipSpace() {
		return "", errors.New("the file ends where a value should stand")
	}
	return w.scanWord()
}

// skipSpace skips white space and counts lines; it returns false at the end of the file.
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

// skipLine skips to the start of the next line and returns the text before it.
func (w *scanner) skipLine() string {
	line, rest, found := strings.Cut(w.rest, "\n")
	if w.rest = rest; found {
		w.line++
	}
	return line
}

// skipMacro skips the body of a macdef, which the next blank line ends.
func (w *scanner) skipMacro() {
	w.skipLine() // of macdef itself
	for w.rest != "" && strings.TrimSpace(w.skipLine()) != "" {
	}
}

// scanWord reads the word at the start of rest, which must be one.
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

// escapes are the characters that a letter after a backslash means, in double quotes.
var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t'}

// scanQuoted reads a word in double quotes, which may not contain a line feed.
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
