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
	"batchfetch/fetch/cookiejar"
	"batchfetch/fetch/netrc"
)

// readNetrc reads the netrc file, for -n.
func readNetrc(files *flagFiles, lookup func(name string) string, found *problems) *netrc.File {
	name, err := netrcName(lookup)
	if err != nil {
		found.add("netrc", err.Error(), "let $NETRC name the file")
		return nil
	}
	content, err := files.read("netrc", name)
	if err != nil {
		found.add("netrc", err.Error(),
			"it has lines such as: machine api.example.com login me password secret; $NETRC names another file")
		return nil
	}
	netrc, err := netrc.Parse(content)
	if err != nil {
		found.add("netrc", fmt.Sprintf("%s: %v", name, err), "")
	}
	return netrc
}

// netrcName returns the file that curl and Go read: $NETRC, else ~/.netrc; on Windows ~/_netrc if there is no .netrc.
func netrcName(lookup func(name string) string) (string, error) {
	if name := lookup("NETRC"); name != "" {
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

// readCookies reads -b as curl does: a text with = in it is cookies, any other, and one after @, names a file of them,
// and "" only makes the jar. Unlike with curl a file that can't be read is an error. The jar is nil where there is no
// -b.
func readCookies(o *fetch.Options, texts []string, files *flagFiles, found *problems) {
	var given []string
	for _, text := range texts {
		if o.Jar == nil {
			o.Jar = cookiejar.New()
		}
		name, isFile := strings.CutPrefix(text, "@")
		switch {
		case text == "":
		case !isFile && strings.Contains(text, "="):
			given = append(given, strings.Trim(text, "; "))
		default:
			loadCookieFile(o.Jar, name, files, found)
		}
	}
	o.Cookie = strings.Join(given, "; ")
}

// loadCookieFile adds the cookies of a file in Netscape's format to the jar. A name that can't be opened is not quoted:
// it may be a cookie whose = was forgotten.
func loadCookieFile(jar *cookiejar.Jar, name string, files *flagFiles, found *problems) {
	content, err := files.read("cookie", name)
	var path *fs.PathError
	if errors.As(err, &path) {
		found.add("cookie", fmt.Sprintf("names a file that can't be read: %v", path.Err),
			"a cookie is name=value, and anything without = the name of a file; -b '' starts without cookies")
		return
	}
	if err == nil {
		if err = jar.Load(content, time.Now()); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
	}
	found.addError("cookie", err)
}
