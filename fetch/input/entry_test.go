package input

import (
	"errors"
	"strings"
	"testing"

	"batchfetch/fetch"
)

// TestEntry: which Request the fields of an entry are, or why they are none.
func TestEntry(t *testing.T) {
	const both = "both a field request and a field url"
	put := `{"url":"http://h/","method":"PUT","id":7}`
	for name, tt := range map[string]struct {
		fields                       []string
		url, method, id, meta, wrong string
	}{
		"a url":            {fields: []string{"url", " http://h/ "}, url: "http://h/"},
		"a url with an id": {fields: []string{"id", "7", "url", "http://h/"}, url: "http://h/", id: `"7"`},
		"an empty id":      {fields: []string{"url", "http://h/", "id", ""}, url: "http://h/"},
		"others are meta": {
			fields: []string{"url", "http://h/", "a", "b", "c", `"`}, url: "http://h/", meta: `{"a":"b","c":"\""}`,
		},
		"a request":          {fields: []string{"request", put, "a", "b"}, url: "http://h/", method: "PUT", id: "7"},
		"a request, a url":   {fields: []string{"request", "http://h/"}, url: "http://h/"},
		"a quoted url":       {fields: []string{"request", `"http://h/"`}, url: "http://h/"},
		"a Record":           {fields: []string{"request", `{"type":"failure","url":"http://h/"}`}, url: "http://h/"},
		"nothing":            {wrong: "neither a field request nor a field url"},
		"other fields":       {fields: []string{"a", "b"}, wrong: "neither a field request nor a field url"},
		"URL for url":        {fields: []string{"URL", "http://h/"}, wrong: "neither a field request nor a field url"},
		"both":               {fields: []string{"url", "http://h/", "request", "http://h/"}, wrong: both},
		"an empty url":       {fields: []string{"url", " "}, wrong: "no url"},
		"an empty request":   {fields: []string{"request", ""}, wrong: "no url"},
		"a field twice":      {fields: []string{"url", "http://h/", "url", "http://h/2"}, wrong: "a field twice"},
		"a meta twice":       {fields: []string{"url", "http://h/", "a", "1", "a", "2"}, wrong: "a field twice"},
		"no URL":             {fields: []string{"url", "h"}, wrong: "no http://"},
		"no JSON":            {fields: []string{"request", "{"}, wrong: "not valid JSON"},
		"a summary":          {fields: []string{"request", `{"type":"summary","complete":true}`}, wrong: "asks for nothing"},
		"a number for a url": {fields: []string{"request", `{"url":7}`}, wrong: "url cannot be a JSON number"},
	} {
		t.Run(name, func(t *testing.T) {
			var reader Reader
			r, err := reader.Entry(tt.fields, false)
			var line *fetch.LineError
			if tt.wrong != "" {
				if !errors.As(err, &line) || !strings.Contains(err.Error(), tt.wrong) || r.URL != "" {
					t.Errorf("%+v, %v", r, err)
				}
			} else if err != nil || r.URL != tt.url || r.Method != tt.method || string(r.ID) != tt.id ||
				string(r.Meta) != tt.meta {
				t.Errorf("%+v, %v", r, err)
			}
			if next, _ := reader.Entry([]string{"url", "http://h/"}, false); next.Index != 1 {
				t.Errorf("the next one has index %d", next.Index)
			}
		})
	}
	var line *fetch.LineError
	_, err := new(Reader).Entry(nil, true)
	if !errors.As(err, &line) || !strings.Contains(err.Error(), "longer than 4 MiB") {
		t.Error(err)
	}
	secret := []string{"a", "http://u:s3cret@h/", "b", "http://u:s3cret@h/"}
	_, err = new(Reader).Entry(secret, false)
	if !errors.As(err, &line) || strings.Contains(string(line.Input), "s3cret") {
		t.Errorf("%s", line.Input)
	}
}

// TestTexts: the text beside a Request makes the same one again, in each form.
func TestTexts(t *testing.T) {
	for form, text := range map[Form]string{
		FormAuto: "http://h/1\n\n# no\n{\"url\":\"http://h/2\",\"id\":2}\nno url\n\"http://h/3\"\n",
		FormCSV:  "url,id,a\nhttp://h/1,2,3\n",
		FormJSON: "[\"http://h/1\",\n{\"url\":\n\"http://h/2\"}]",
	} {
		reader, again := Reader{Form: form}, Reader{}
		for line, err := range reader.Texts(strings.NewReader(text), "in") {
			if err != nil {
				continue
			}
			name := FieldURL
			if line.Text[0] != 'h' {
				name = FieldRequest
			}
			r, err := again.Entry([]string{name, string(line.Text)}, false)
			if err != nil || string(r.AppendCanonical(nil)) != string(line.AppendCanonical(nil)) ||
				string(r.Meta) != string(line.Meta) {
				t.Errorf("%s: %+v, %v", line.Text, r, err)
			}
		}
	}
}

// TestRecordPlace: a Record that is made again keeps index and entry, and nothing else does.
func TestRecordPlace(t *testing.T) {
	for text, want := range map[string][2]string{
		`{"type":"failure","index":7,"entry":"5-3","url":"http://h/"}`: {"7", "5-3"},
		`{"type":"success","index":7,"url":"http://h/","entry":"x"}`:   {"7", ""},
		`{"type":"success","index":7,"url":"http://h/","entry":{}}`:    {"7", ""},
		`{"url":"http://h/","meta":{"index":4,"entry":"5-3"}}`:         {"0", ""},
	} {
		for r, err := range new(Reader).Lines(strings.NewReader(text), "in") {
			if got := [2]string{string(rune('0' + r.Index)), r.Entry}; err != nil || got != want {
				t.Errorf("%s: %v, %v", text, got, err)
			}
		}
	}
}
