package fetch_test

import (
	"fmt"
	"slices"
	"testing"
)

// everyPrank is all that is played on one run.
func everyPrank(t testing.TB) []prank {
	return slices.Concat(
		about("status", statusPranks), about("header", headerPranks), about("length", lengthPranks), about("chunks", chunkPranks),
		about("no body", bodilessPranks), about("codings", codingPranks(t)), about("charsets", charsetPranks), about("silence", silencePranks),
		about("redirects", redirectPranks), about("Location", locationPranks), about("input", linePranks),
		about("TLS", tlsPranks(t)), about("HTTP/2", http2Pranks(t)))
}

func about(what string, pranks []prank) []prank {
	pranks = slices.Clone(pranks)
	for i := range pranks {
		pranks[i].about = what
	}
	return pranks
}

// row is what was sent and what came out, for whoever runs the test with -v.
func (p *prank) row(r *told) string {
	if r.Type == "failure" {
		return fmt.Sprintf("ROW\t%s\t%s\t%s\t%.120s", p.about, p.name, r.Error.Kind, r.Error.Message)
	}
	return fmt.Sprintf("ROW\t%s\t%s\tsuccess\t%s of %d bytes", p.about, p.name, r.BodyEncoding, len(r.text()))
}
