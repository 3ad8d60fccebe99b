package cmd

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"batchfetch/fetch"
	"batchfetch/output/encode"
)

// resolve turns the settings into fetch.Options and returns every problem it meets.
func (s *settings) resolve() []error {
	o := &s.fetch
	o.Identity = !s.compressed
	if o.MaxBody < 0 {
		o.MaxBody = 16 << 20
		if s.saveDir != "" {
			o.MaxBody = 10 << 30
		}
	}
	o.DropBody = s.body == encode.BodyNone
	o.UserAgent = s.userAgent
	o.MaxFailures, o.MaxFailurePercent = s.allowed.count, s.allowed.percent
	if s.failFast {
		o.MaxFailures, o.MaxFailurePercent = 0, 0
	}
	s.note("data", s.readData())
	s.note("header", s.readHeaders())
	s.note("user", s.readUser())
	s.readNetrc()
	s.readHosts()
	s.readCookies()
	if !validUserAgent(s.userAgent) {
		s.notes.add("user-agent", "holds a control character", "")
	}
	s.resolveTLS()
	s.resolveShard()
	s.readPins()
	if err := o.Validate(); err != nil {
		var joined interface{ Unwrap() []error }
		if errors.As(err, &joined) {
			for _, each := range joined.Unwrap() {
				s.addUnlessNoted(each)
			}
		}
	}
	s.checkOutputs()
	s.checkCache()
	return s.notes.list
}

func (s *settings) note(flag string, err error) {
	if err != nil {
		s.notes.add(flag, err.Error(), "")
	}
}

// addUnlessNoted leaves out what follows from a text that could not be read in the first place.
func (s *settings) addUnlessNoted(err error) {
	var mistake *fetch.Mistake
	if errors.As(err, &mistake) && !s.notes.texts[mistake.Flag] {
		s.notes.list = append(s.notes.list, err)
	}
}

func validUserAgent(text string) bool {
	return text == "" || fetch.CheckHeader("User-Agent", text) == nil
}

func (s *settings) checkOutputs() {
	if s.saveDir == "" && s.name.IsGiven() {
		s.notes.add("name", "is given without --save-dir", "")
	}
	if s.resume {
		s.checkResume()
	}
	if s.quiet && s.verbose {
		s.notes.add("quiet", "and --verbose exclude each other", "")
	}
}

// checkResume refuses what can't be gone on with.
func (s *settings) checkResume() {
	if !isFile(s.output) {
		s.notes.add("resume", "needs --output FILE, whose journal says what is done", "")
	}
	if s.ordered {
		s.notes.add("resume", "and --ordered exclude each other: what is tried again by a later run stands behind what came after it",
			"leave --ordered out and sort by index when all is done")
	}
	if s.failures == "-" {
		s.notes.add("resume", "and --failures - exclude each other: what fails now and succeeds later would stand there twice", "give failures a file of their own")
	}
	if s.summary == "-" {
		s.notes.add("resume", "and --summary - exclude each other: each run would leave one", "give the summary a file of its own")
	}
}

// readData joins -d as curl does: with &, and without line breaks and NULs where it came from a file.
func (s *settings) readData() error {
	for i, text := range s.data {
		if i > 0 {
			s.fetch.Body = append(s.fetch.Body, '&')
		}
		if s.fetch.Body == nil {
			s.fetch.Body = []byte{}
		}
		name, isFile := strings.CutPrefix(text, "@")
		if !isFile {
			s.fetch.Body = append(s.fetch.Body, text...)
			continue
		}
		content, err := s.readNamed("data", name)
		if err != nil {
			return err
		}
		s.fetch.Body = append(s.fetch.Body, slices.DeleteFunc(content, func(b byte) bool { return b == '\r' || b == '\n' || b == 0 })...)
	}
	return nil
}

// mostFromFile bounds what a flag reads from a file.
const mostFromFile = 64 << 20

func (s *settings) readNamed(flag, name string) ([]byte, error) {
	in := os.Stdin
	if name == "-" {
		if s.stdinFor != "" {
			return nil, fmt.Errorf("reads standard input, which --%s has read", s.stdinFor)
		}
		s.stdinFor = flag
	} else {
		s.read = append(s.read, name)
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("can't be read: %w", err)
		}
		defer func() { _ = f.Close() }() // only read
		in = f
	}
	content, err := io.ReadAll(io.LimitReader(in, mostFromFile+1))
	if err != nil {
		return nil, fmt.Errorf("can't be read: %w", err)
	}
	if len(content) > mostFromFile {
		return nil, fmt.Errorf("%s is over 64 MiB", name)
	}
	return content, nil
}

// readUser reads -u, from a file where it starts with @.
func (s *settings) readUser() error {
	text := s.user
	if name, isFile := strings.CutPrefix(text, "@"); isFile {
		content, err := s.readNamed("user", name)
		if err != nil {
			return err
		}
		text = strings.TrimRight(string(content), "\r\n")
	}
	s.fetch.Username, s.fetch.Password, _ = strings.Cut(text, ":")
	return nil
}

// readHeaders reads -H as curl does: 'Name: value', 'Name:' to take one away, 'Name;' for an empty one, @file for lines of those.
func (s *settings) readHeaders() error {
	s.fetch.Header = make(http.Header)
	for _, text := range s.headers {
		name, isFile := strings.CutPrefix(text, "@")
		if !isFile {
			if err := s.addHeader(text); err != nil {
				return err
			}
			continue
		}
		content, err := s.readNamed("header", name)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(content)) {
			if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) == "" {
				continue
			}
			if err := s.addHeader(line); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// addHeader never repeats the text in an error: it may be a secret.
func (s *settings) addHeader(text string) error {
	name, content, found := strings.Cut(text, ":")
	content = strings.TrimSpace(content)
	if !found {
		if name, found = strings.CutSuffix(text, ";"); !found {
			return errors.New("has no colon: write 'Name: value'")
		}
	} else if content == "" {
		s.fetch.Header[http.CanonicalHeaderKey(strings.TrimSpace(name))] = nil
		return nil
	}
	name = http.CanonicalHeaderKey(strings.TrimSpace(name))
	if err := fetch.CheckHeader(name, content); err != nil {
		return err
	}
	s.fetch.Header[name] = append(s.fetch.Header[name], content)
	return nil
}

func (s *settings) resolveTLS() {
	config := &tls.Config{InsecureSkipVerify: s.insecure, MinVersion: tls.VersionTLS12} //nolint:gosec // --insecure asks for it
	if s.cacert != "" {
		content, err := s.readNamed("cacert", s.cacert)
		config.RootCAs = x509.NewCertPool()
		if err == nil && !config.RootCAs.AppendCertsFromPEM(content) {
			err = fmt.Errorf("%s holds no PEM certificate", s.cacert)
		}
		s.note("cacert", err)
	}
	if s.cert != "" {
		key := s.key
		if key == "" {
			key = s.cert
		}
		pair, err := tls.LoadX509KeyPair(s.cert, key)
		s.note("cert", err)
		config.Certificates = []tls.Certificate{pair}
	} else if s.key != "" {
		s.notes.add("key", "is given without --cert", "")
	}
	s.fetch.TLS = config
}
