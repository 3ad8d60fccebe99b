package input

import (
	"bytes"
	"encoding/json"
	"errors"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/redact"
)

// maxMessage bounds the message of a Record that is given again, in bytes.
const maxMessage = 1 << 10

// unusableAgain is the error of the Record of a line that could not be used: the message it had then.
type unusableAgain struct {
	message string
	input   []byte // the start of that line, as the Record has it
}

func (e *unusableAgain) Error() string { return e.message }

// whyNotAgain returns an *unusableAgain where a Record, which text is, is that of a line that could not be used: what
// that line asked was never known, and a url alone is another request.
func (line *jsonLine) whyNotAgain(text []byte) error {
	if line.Type != "failure" || line.Request != nil {
		return nil
	}
	var record struct {
		Error struct{ Kind, Message string }
		Input string
	}
	_ = json.Unmarshal(text, &record) // with members of other types it is no Record of ours
	why, input := record.Error, record.Input
	if why.Kind != string(failure.InvalidRequest) || why.Message == "" || input == "" {
		return nil
	}
	if line.URL != "" && input[0] != '{' { // a plain URL that only could not be started
		return nil
	}
	message := bytes.ToValidUTF8([]byte(why.Message[:min(len(why.Message), maxMessage)]), nil)
	return &unusableAgain{redact.URLs(string(message)), []byte(input)}
}

// firstInput returns the line that an error is about: text, or what was the line when it was first read.
func firstInput(text []byte, err error) []byte {
	var again *unusableAgain
	if errors.As(err, &again) {
		return again.input
	}
	return text
}
