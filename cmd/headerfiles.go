package cmd

import (
	"context"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
)

// renewHeaders returns the function for fetch.Options.RenewHeader: it reads the files of -H @file again, and takes the
// other headers as they are. Headers of own win over inherited ones by name. It is nil where no -H names a regular
// file: a pipe can be read only once, and would block.
func renewHeaders(inherited, own []string) func(context.Context) (http.Header, bool) {
	if !slices.ContainsFunc(inherited, namesRegularFile) && !slices.ContainsFunc(own, namesRegularFile) {
		return nil
	}
	return func(context.Context) (http.Header, bool) {
		under, ok := readHeadersAgain(inherited)
		if !ok {
			return nil, false
		}
		over, ok := readHeadersAgain(own)
		return overrideHeaders(under, over), ok
	}
}

// namesRegularFile reports whether the text of a -H is @ and a file that can be read again.
func namesRegularFile(text string) bool {
	name, isFile := strings.CutPrefix(text, "@")
	return isFile && isRegular(name)
}

// readHeadersAgain is readHeaders without the files that can't be read again; false is that one can't be used.
func readHeadersAgain(texts []string) (http.Header, bool) {
	header := make(http.Header)
	for _, text := range texts {
		name, isFile := strings.CutPrefix(text, "@")
		if !isFile {
			if addHeader(header, text) != nil {
				return nil, false
			}
			continue
		}
		if !isRegular(name) {
			continue
		}
		content, ok := readHeaderFile(name)
		if !ok || addHeaderLines(header, content) != nil {
			return nil, false
		}
	}
	return header, true
}

// isRegular reports whether -H @name can be read again without a risk of blocking; - is standard input.
func isRegular(name string) bool {
	info, err := os.Stat(name)
	return name != "-" && err == nil && info.Mode().IsRegular()
}

// maxHeaderFile is the largest file of headers that is read again, in bytes.
const maxHeaderFile = 1 << 20

// readHeaderFile returns the content of a file; false where it can't be read, or is too large.
func readHeaderFile(name string) ([]byte, bool) {
	opened, err := os.Open(name)
	if err != nil {
		return nil, false
	}
	defer func() { _ = opened.Close() }() // only read
	content, err := io.ReadAll(io.LimitReader(opened, maxHeaderFile+1))
	return content, err == nil && len(content) <= maxHeaderFile
}
