package paging

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

// bucket is a page of a list of objects, as gofakes3 1.2.0 and versitygw 1.8.0 send it.
const bucket = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><IsTruncated>true</IsTruncated>
  <Contents><Key>a &lt;NextContinuationToken&gt;</Key><ETag>&#34;6d57&#34;</ETag></Contents>
  <NextContinuationToken>ZC9rMTA=</NextContinuationToken>
</ListBucketResult>`

// TestNextElement: the text of an element becomes a parameter of the next page; an error is wanted where want starts
// with !.
func TestNextElement(t *testing.T) {
	const noXML = "!the body is not XML, so that there is no element M"
	for _, c := range []struct{ name, place, query, body, want string }{
		{"S3", "continuation-token=NextContinuationToken", "list-type=2", bucket,
			"?list-type=2&continuation-token=ZC9rMTA%3D"},
		{"S3, the last page", "continuation-token=NextContinuationToken", "list-type=2&continuation-token=a",
			"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>", ""},
		{"Azure", "marker=NextMarker", "comp=list",
			"\uFEFF<?xml version=\"1.0\" encoding=\"utf-8\"?><List><NextMarker>2!76!a--</NextMarker></List>",
			"?comp=list&marker=2%2176%21a--"},
		{"Azure, the last page", "marker=NextMarker", "", "<EnumerationResults><NextMarker /></EnumerationResults>", ""},
		{"entities, CDATA and space", "m=M", "", "<a><M>\n a&amp;<![CDATA[<b>]]>\n</M></a>", "?m=a%26%3Cb%3E"},
		{"the first that is not empty", "m=M", "", "<a><M/><M>1</M><M>2</M></a>", "?m=1"},
		{"a prefix", "m=M", "", `<x:a xmlns:x="urn:x"><x:M>1</x:M></x:a>`, "?m=1"},
		{"another encoding", "m=M", "", `<?xml version="1.0" encoding="iso-8859-1"?><a><M>1</M></a>`, "?m=1"},
		{"elements in it", "m=M", "", "<a><M><b>1</b></M></a>", "!the element M has elements, and no text"},
		{"OAI-PMH, where the token is the only argument", "resumptionToken=resumptionToken",
			"verb=ListRecords&metadataPrefix=oai_dc&set=a&key=k", "<OAI-PMH><ListRecords><record><error code='no'/></record>" +
				"<resumptionToken completeListSize='3'>a!b</resumptionToken></ListRecords></OAI-PMH>",
			"?verb=ListRecords&key=k&resumptionToken=a%21b"},
		{"OAI-PMH, the last page", "resumptionToken=resumptionToken", "verb=ListRecords&resumptionToken=a",
			"<OAI-PMH><ListRecords><record/><resumptionToken completeListSize='3'/></ListRecords></OAI-PMH>", ""},
		{"OAI-PMH, nothing to list", "resumptionToken=resumptionToken", "verb=ListRecords",
			"<OAI-PMH><error code='noRecordsMatch'>none</error></OAI-PMH>", ""},
		{"OAI-PMH, a token that has expired", "resumptionToken=resumptionToken", "verb=ListRecords&resumptionToken=a",
			"<OAI-PMH><request/><error code='badResumptionToken'>a\x1b[2J</error></OAI-PMH>",
			`!the repository answers with the error "badResumptionToken"`},
		{"OAI-PMH, a code without end", "resumptionToken=resumptionToken", "verb=ListRecords",
			"<OAI-PMH><error code='" + strings.Repeat("b", 1<<19) + "'>",
			`!the repository answers with the error "` + strings.Repeat("b", 100) + `"…`},
		{"ISO 8859-1", "m=M", "", "<?xml version='1.0' encoding='ISO-8859-1'?><a b='\xe9'>\xe9\xff<M>\xe9</M></a>",
			"?m=%C3%A9"},
		{"ISO 8859-1 that says it is UTF-8", "m=M", "", "<?xml version='1.0' encoding='UTF-8'?><a>\xe9t\xe9<M>é</M></a>",
			"?m=%C3%A9"},
		{"XML 1.1", "m=M", "", "<?xml version='1.1'?><a><M>1</M></a>",
			"!the body is not XML 1.0, so that there is no element M"},
		{"control characters in a record", "m=M", "", "<a>\x00\x0b\ufffe\xed\xa0\x80<M>1</M></a>", "?m=1"},
		{"an error elsewhere", "m=M", "", "<a><error code='b'/><M>1</M></a>", "?m=1"},
		{"JSON", "m=M", "", `{"M":"1"}`, noXML},
		{"nothing", "m=M", "", "", noXML},
		{"a document that ends early", "m=M", "", "<a><b>1</b>", noXML},
		{"a tag that ends early", "m=M", "", "<a><b", noXML},
		{"a long value", "m=M", "", "<M>" + strings.Repeat("x", maxReference+1) + "</M>",
			"!the value for the next page is longer than 64 KiB"},
		{"a long text", "m=M", "", "<M>" + strings.Repeat("x", 2<<20) + "</M>",
			"!the body has a text, comment or tag longer than 1 MiB"},
		{"many elements", "m=M", "", "<a>" + strings.Repeat("<b>long enough</b>", 1<<17) + "<M>1</M></a>", "?m=1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			place, err := Parse(c.place)
			if err != nil || !place.InBody() {
				t.Fatal(err)
			}
			got, err := nextOf(place, c.query, c.body)
			var wrong *BodyError
			if errors.As(err, &wrong) {
				got = "!" + wrong.Problem
			} else if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	broken := errors.New("broken")
	if _, err := findElement(iotest.ErrReader(broken), "M", checkOAI); !errors.Is(err, broken) {
		t.Errorf("a body that can't be read: %v", err)
	}
}

func FuzzFindElement(f *testing.F) {
	f.Add(bucket, "NextContinuationToken")
	f.Add("<a><M/><M>1</M></a>", "M")
	f.Fuzz(func(t *testing.T, body, name string) {
		text, err := findElement(strings.NewReader(body), name, checkOAI)
		var wrong *BodyError
		if err != nil && !errors.As(err, &wrong) || len(text) > maxReference || err != nil && text != "" {
			t.Errorf("%q, %v", text, err)
		}
	})
}
