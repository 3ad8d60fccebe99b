package encode

// BodyMode is how bodies are written into Records.
type BodyMode string

// BodyAuto embeds JSON as a value, if every common reader takes it (portableJSON), writes text as a string and anything
// else as base64. BodyJSON embeds all JSON, BodyString none: it writes JSON as the text that it is, so that every body
// is a string. BodyText and BodyBase64 write all bodies so, BodyNone writes none.
const (
	BodyAuto   BodyMode = "auto"
	BodyJSON   BodyMode = "json"
	BodyString BodyMode = "string"
	BodyText   BodyMode = "text"
	BodyBase64 BodyMode = "base64"
	BodyNone   BodyMode = "none"
)

// A Layout is what Records look like as lines.
type Layout struct {
	Body BodyMode
	// AllMembers says that every member of a success or a failure is in every line, null where it has no value: one
	// that is absent from the first lines is missed by readers that take the columns of a file from those.
	AllMembers bool
}
