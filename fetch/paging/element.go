package paging

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// findElement returns the text of the first element with a local name in an XML document, without the space around it;
// empty where there is none, or nothing in it. The error is that of in, that of check, which is called with each
// element up to there and how deep it is (1 is the root), or a *BodyError where the document is no XML up to there, or
// ends within an element.
func findElement(in io.Reader, name string, check func(depth int, e xml.StartElement) error) (string, error) {
	var text strings.Builder
	inside, found := false, ""
	err := walkXML(in, name, func(depth int, token xml.Token) error {
		switch token := token.(type) {
		case xml.StartElement:
			if inside {
				return &BodyError{fmt.Sprintf("the element %s has elements, and no text", name)}
			}
			inside = token.Name.Local == name
			return check(depth, token)
		case xml.CharData:
			if inside {
				_, _ = text.Write(token)
			}
		case xml.EndElement:
			if found = strings.TrimSpace(text.String()); found != "" {
				return errFound
			}
			inside = false
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return checkValue(found)
}

// errFound is what a visit of walkXML returns that has what it looks for.
var errFound = errors.New("found")

// walkXML visits the tokens of an XML document with how deep they are (1 is the root), up to an error; errFound is
// none. The error is that of in, that of visit, or a *BodyError where the document is no XML up to there, or ends
// within an element: it names what is looked for.
func walkXML(in io.Reader, name string, visit func(depth int, token xml.Token) error) error {
	text := newXMLText(in)
	bounded := &boundedReader{in: text}
	d := xml.NewDecoder(bounded)
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // markers are ASCII
	for depth, hasRoot := 0, false; ; {
		bounded.left = maxToken
		token, err := d.RawToken() // which keeps no list of open elements
		var syntax *xml.SyntaxError
		switch {
		case errors.Is(err, io.EOF) && hasRoot && depth == 0:
			return nil
		case errors.Is(err, errTooLong):
			return &BodyError{"the body has a text, comment or tag longer than 1 MiB"}
		case errors.Is(err, io.EOF), errors.As(err, &syntax):
			return &BodyError{fmt.Sprintf("the body is not XML, so that there is no element %s", name)}
		case err != nil && text.failed == nil: // of the decoder: it is XML 1.1
			return &BodyError{fmt.Sprintf("the body is not XML 1.0, so that there is no element %s", name)}
		case err != nil:
			return err
		}
		if _, isStart := token.(xml.StartElement); isStart {
			hasRoot = true
			depth++
		}
		if err := visit(depth, token); err != nil {
			if errors.Is(err, errFound) {
				return nil
			}
			return err
		}
		if _, isEnd := token.(xml.EndElement); isEnd {
			depth--
		}
	}
}

// checkValue returns a text that is not longer than a URL may be.
func checkValue(text string) (string, error) {
	if len(text) > maxReference {
		return "", &BodyError{"the value for the next page is longer than 64 KiB"}
	}
	return text, nil
}

// maxToken is the longest text, comment or tag of XML in bytes.
const maxToken = 1 << 20

// A boundedReader reads at most left bytes of in, and then fails with errTooLong.
type boundedReader struct {
	in   io.Reader
	left int
}

func (r *boundedReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errTooLong
	}
	n, err := r.in.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}
