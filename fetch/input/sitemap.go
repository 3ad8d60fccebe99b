package input

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html/charset"
)

// A sitemap is an input that is a sitemap or an index of sitemaps (sitemaps.org 0.9), or several, one after the other.
// Each url or sitemap element is a text; what it says besides its location is its meta.
type sitemap struct {
	limited *limitedReader
	in      *xml.Decoder
	depth   int // of open elements
	number  int64
}

func newSitemap(in *bufio.Reader) *sitemap {
	limited := &limitedReader{in: in}
	decoder := xml.NewDecoder(limited)
	decoder.CharsetReader = decodeDeclared
	decoder.Strict = true
	return &sitemap{limited: limited, in: decoder}
}

// decodeDeclared returns a reader of in, whose XML declaration names that encoding. UTF-16 was decoded before: the
// declaration could not have been read in it.
func decodeDeclared(encoding string, in io.Reader) (io.Reader, error) {
	if _, name := charset.Lookup(encoding); strings.HasPrefix(name, "utf-16") {
		return in, nil
	}
	return charset.NewReaderLabel(encoding, in)
}

func (s *sitemap) place() (int64, bool) { return s.number, false }

// A sitemapEntry is what an element of a sitemap says.
type sitemapEntry struct {
	Location   string `xml:"loc"`
	LastMod    string `xml:"lastmod"`
	ChangeFreq string `xml:"changefreq"`
	Priority   string `xml:"priority"`
}

func (s *sitemap) next() ([]byte, error) {
	s.limited.reset()
	for {
		token, err := s.in.Token()
		switch {
		case errors.Is(err, io.EOF) && s.depth == 0:
			return nil, io.EOF
		case errors.Is(err, errElementTooLong):
			return nil, errElementTooLong
		case err != nil:
			return nil, fmt.Errorf("no sitemap: %w", err)
		}
		switch element := token.(type) {
		case xml.StartElement:
			if text, err := s.open(element); text != nil || err != nil {
				return text, err
			}
		case xml.EndElement:
			s.depth--
		case xml.CharData:
			if s.depth == 0 && len(bytes.Trim(element, " \t\r\n"+byteOrderMark)) > 0 {
				return nil, &headerError{"no sitemap: there is text outside of its root element"}
			}
		}
	}
}

// open takes an element: the root, an entry, whose text it returns, or one that is skipped.
func (s *sitemap) open(element xml.StartElement) ([]byte, error) {
	name := element.Name.Local
	switch {
	case s.depth == 0:
		if name != "urlset" && name != "sitemapindex" {
			return nil, &headerError{fmt.Sprintf("no sitemap: its root is %q, not urlset or sitemapindex "+
				"(help migration takes URLs out of other files)", name)}
		}
		s.depth = 1
		return nil, nil
	case s.depth != 1 || name != "url" && name != "sitemap":
		return nil, s.in.Skip()
	}
	line, _ := s.in.InputPos()
	s.number = int64(line)
	var entry sitemapEntry
	if err := s.in.DecodeElement(&entry, &element); err != nil {
		if errors.Is(err, errElementTooLong) {
			return nil, errElementTooLong
		}
		return nil, fmt.Errorf("no sitemap: %w", err)
	}
	return entry.line(), nil
}

// line makes the JSON line of an entry.
func (e sitemapEntry) line() []byte {
	line := map[string]any{"url": strings.TrimSpace(e.Location)}
	meta := map[string]string{}
	for name, value := range map[string]string{
		"lastmod": e.LastMod, "changefreq": e.ChangeFreq, "priority": e.Priority,
	} {
		if value = strings.TrimSpace(value); value != "" {
			meta[name] = value
		}
	}
	if len(meta) > 0 {
		line["meta"] = meta
	}
	text, _ := json.Marshal(line) // of strings
	return text
}
