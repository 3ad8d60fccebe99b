package cmd

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"batchfetch/fetch"
)

// readHeaders reads -H as curl does: 'Name: value', 'Name:' to remove a header (nil), 'Name;' for an empty value and
// @file for a file with one of these on each line.
func readHeaders(texts []string, files *flagFiles) (http.Header, error) {
	header := make(http.Header)
	for _, text := range texts {
		name, isFile := strings.CutPrefix(text, "@")
		if !isFile {
			if err := addHeader(header, text); err != nil {
				return header, err
			}
			continue
		}
		content, err := files.read("header", name)
		if err != nil {
			return header, err
		}
		if err := addHeaderLines(header, content); err != nil {
			return header, fmt.Errorf("%s: %w", name, err)
		}
	}
	return header, nil
}

// overrideHeaders returns inherited with the values of own for the names that it has; nil values stay.
func overrideHeaders(inherited, own http.Header) http.Header {
	maps.Copy(inherited, own)
	return inherited
}

// addHeaderLines adds the content of a file of headers, one on each line.
func addHeaderLines(header http.Header, content []byte) error {
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) == "" {
			continue
		}
		if err := addHeader(header, line); err != nil {
			return err
		}
	}
	return nil
}

// addHeader adds one -H. Its error does not quote the text, which may be a secret.
func addHeader(header http.Header, text string) error {
	name, content, found := strings.Cut(text, ":")
	content = strings.TrimSpace(content)
	if !found {
		if name, found = strings.CutSuffix(text, ";"); !found {
			return errors.New("has no colon: write 'Name: value'")
		}
	} else if content == "" {
		header[http.CanonicalHeaderKey(strings.TrimSpace(name))] = nil
		return nil
	}
	name = http.CanonicalHeaderKey(strings.TrimSpace(name))
	values := append(header[name], content)
	if err := fetch.CheckHeader(name, values...); err != nil {
		return err
	}
	header[name] = values
	return nil
}
