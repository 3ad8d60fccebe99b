package paging

import (
	"encoding/xml"
	"fmt"
)

// resumptionToken is the element that a list of OAI-PMH 2.0 continues by, and the argument that has its text then.
const resumptionToken = "resumptionToken"

// oaiArguments are the arguments of a first request of OAI-PMH that no other may have: resumptionToken is exclusive
// (section 4), and a repository answers badArgument, with status 200, where another stands beside it.
var oaiArguments = []string{"metadataPrefix", "from", "until", "set"}

// anyElement is a check of findElement that has nothing against an element.
func anyElement(int, xml.StartElement) error { return nil }

// checkOAI is a check of findElement: it returns a *BodyError for the error of a repository, which comes with status
// 200 in place of a list (OAI-PMH 2.0, section 3.6): a list that ends with that is not whole. That no record matches is
// none.
func checkOAI(depth int, e xml.StartElement) error {
	if depth != 2 || e.Name.Local != "error" {
		return nil
	}
	for _, a := range e.Attr {
		if a.Name.Local == "code" && a.Value != "noRecordsMatch" {
			return &BodyError{fmt.Sprintf("the repository answers with the error %s", quoteShort(a.Value))}
		}
	}
	return nil
}
