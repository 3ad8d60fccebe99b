package encode

import _ "embed"

//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of every line that a run writes.
func Schema() []byte { return schema }
