package encode

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"batchfetch/output/encode/encodetest"
)

// With AllMembers every Record has the members that the schema has, those of its objects too, in one order: null where
// they have no value. The others are as without it.
func TestAllMembers(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	var defs struct {
		Defs map[string]struct {
			Properties map[string]json.RawMessage
		} `json:"$defs"`
	}
	if err := json.Unmarshal(Schema(), &defs); err != nil {
		t.Fatal(err)
	}
	objects := map[string][]string{"": nil, "timing": nil, "request": nil, "error": {"kind", "message", "retry_after_ms"}}
	for object := range objects {
		switch object {
		case "error":
		case "":
			objects[object] = sortedKeys(defs.Defs["success"].Properties)
		default:
			objects[object] = sortedKeys(defs.Defs[object].Properties)
		}
	}
	var order []string
	for name, entry := range golden() {
		t.Run(name, func(t *testing.T) {
			line := AppendRecord(nil, entry.record, Layout{Body: entry.mode, AllMembers: true})
			all := encodetest.Members(t, schema, line)
			if names := namesInOrder(t, line); order == nil {
				order = names
			} else if !slices.Equal(names, order) {
				t.Errorf("got the members %q, another Record has %q", names, order)
			}
			few := encodetest.Members(t, schema, render(entry.record, entry.mode))
			checkNulls(t, objects, "", all, few)
			if r := entry.record; r.Failure == nil && len(r.Body) > 0 && entry.mode != BodyNone {
				onDisk := encodetest.Spooled(t, r)
				onDisk.LongLine, onDisk.LineErr = SpoolRecord(onDisk, Layout{Body: entry.mode, AllMembers: true})
				if got := spooledLineText(t, onDisk); got != string(line) {
					t.Errorf("from a temporary file it is\n%s, want\n%s", got, line)
				}
				onDisk.Discard()
			}
		})
	}
}

// checkNulls checks that an object has all the members, and that those are null which are not in few.
func checkNulls(t *testing.T, objects map[string][]string, object string, all, few map[string]any) {
	t.Helper()
	if names := sortedKeys(all); !slices.Equal(names, objects[object]) {
		t.Errorf("%q has the members %q, want %q", object, names, objects[object])
	}
	for name, value := range all {
		got, _ := json.Marshal(value)
		want, known := few[name]
		inner, isObject := value.(map[string]any)
		switch _, isOurs := objects[name]; {
		case !known && value != nil:
			t.Errorf("%s has the value %s", name, got)
		case isOurs && isObject && object == "":
			checkNulls(t, objects, name, inner, want.(map[string]any))
		case known:
			if wanted, _ := json.Marshal(want); !bytes.Equal(got, wanted) {
				t.Errorf("%s is %s, want %s", name, got, wanted)
			}
		}
	}
}

// namesInOrder returns the names of an object's members as they stand in it.
func namesInOrder(t *testing.T, object []byte) (names []string) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil {
		t.Fatal(err)
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return names
}
