package cmd

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"batchfetch/fetch"
	"batchfetch/fetch/parse"
)

// readRequest reads -d, -H and -u, with the files that they name, into the options.
func readRequest(o *fetch.Options, f requestFlags, files *flagFiles, found *problems) {
	var err error
	o.Body, err = readData(f.data, files)
	found.addError("data", err)
	inherited, err := readHeaders(f.inherited, files)
	if err != nil {
		found.errors = append(found.errors, &usageError{
			environmentName("header") + " in the environment: " + err.Error(), parse.Hint(err),
		})
	}
	own, err := readHeaders(f.headers, files)
	found.addError("header", err)
	o.Header = overrideHeaders(inherited, own)
	o.RenewHeader = renewHeaders(f.inherited, f.headers)
	o.Username, o.Password, err = readUser(f.user, files)
	found.addError("user", err)
}

// checkBodyURL checks --url, which a shell may have left empty.
func checkBodyURL(f requestFlags, found *problems) {
	if f.bodyURL == "" {
		return
	}
	if _, err := fetch.Prepare(fetch.Request{URL: f.bodyURL}); err != nil {
		found.add("url", err.Error(), "write https://api.example.com/items")
	}
	if f.data != nil {
		found.add("url", "and --data exclude each other: each input line is a body", "leave out one of them")
	}
}

// readData joins the texts of -d by & as curl does. The content of a file loses its line breaks and NULs. The body is
// nil where there is no -d.
func readData(texts []string, files *flagFiles) ([]byte, error) {
	var body []byte
	for i, text := range texts {
		if i > 0 {
			body = append(body, '&')
		}
		if body == nil {
			body = []byte{}
		}
		name, isFile := strings.CutPrefix(text, "@")
		if !isFile {
			body = append(body, text...)
			continue
		}
		content, err := files.read("data", name)
		if err != nil {
			return body, err
		}
		body = append(body, slices.DeleteFunc(content, func(b byte) bool { return b == '\r' || b == '\n' || b == 0 })...)
	}
	return body, nil
}

// readUser splits user:password, the content of a file where text starts with @.
func readUser(text string, files *flagFiles) (user, password string, err error) {
	if name, isFile := strings.CutPrefix(text, "@"); isFile {
		content, err := files.read("user", name)
		if err != nil {
			return "", "", err
		}
		text = strings.TrimRight(string(content), "\r\n")
	}
	user, password, _ = strings.Cut(text, ":")
	return user, password, nil
}

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
