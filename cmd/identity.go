package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"batchfetch/fetch"
)

// readNetrc reads the file that $NETRC names, else the one at home.
func (s *settings) readNetrc() {
	if !s.netrc {
		return
	}
	name, err := netrcName()
	if err != nil {
		s.notes.add("netrc", err.Error(), "let $NETRC name the file")
		return
	}
	content, err := s.readNamed("netrc", name)
	if err != nil {
		s.notes.add("netrc", err.Error(), "it has lines such as: machine api.example.com login me password secret; $NETRC names another file")
		return
	}
	if s.fetch.Netrc, err = fetch.ParseNetrc(content); err != nil {
		s.notes.add("netrc", fmt.Sprintf("%s: %v", name, err), "")
	}
}

// netrcName goes by curl's rules and Go's: $NETRC, then ~/.netrc; on Windows _netrc where there is no .netrc.
func netrcName() (string, error) {
	if name := os.Getenv("NETRC"); name != "" {
		return name, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", errors.New("finds no home directory")
	}
	name := filepath.Join(home, ".netrc")
	if runtime.GOOS == "windows" {
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return filepath.Join(home, "_netrc"), nil
		}
	}
	return name, nil
}

// readCookies reads -b as curl does: what holds = is cookies, anything else and what follows an @ names a file of them,
// and an empty text only turns the jar on. A file that can't be read is an error, which curl passes over.
func (s *settings) readCookies() {
	var given []string
	for _, text := range s.cookies {
		if s.fetch.Jar == nil {
			s.fetch.Jar = fetch.NewJar()
		}
		name, isFile := strings.CutPrefix(text, "@")
		switch {
		case text == "":
		case !isFile && strings.Contains(text, "="):
			given = append(given, strings.Trim(text, "; "))
		default:
			s.readCookieFile(name)
		}
	}
	s.fetch.Cookie = strings.Join(given, "; ")
}

// readCookieFile never repeats a name that is no file's: it may be a secret whose = was forgotten.
func (s *settings) readCookieFile(name string) {
	content, err := s.readNamed("cookie", name)
	var path *fs.PathError
	if errors.As(err, &path) {
		s.notes.add("cookie", fmt.Sprintf("names a file that can't be read: %v", path.Err), "a cookie is name=value, and anything without = the name of a file; -b '' starts without cookies")
		return
	}
	if err == nil {
		if err = s.fetch.Jar.Load(content, time.Now()); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
	}
	s.note("cookie", err)
}
