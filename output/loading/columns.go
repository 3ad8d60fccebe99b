package loading

// A kind is what a column has.
type kind uint8

const (
	text      kind = iota
	integer        // of 64 bits, signed
	double         // a floating-point number of 64 bits
	timestamp      // in UTC, exact to the millisecond
	anyJSON        // any JSON value
	kinds
)

// A column is a member of Records: those of successes and failures are in one table.
type column struct {
	name string
	kind kind
}

// columns are all members of Records, in the order of lines.
var columns = []column{
	{"type", text},
	{"index", integer},
	{"entry", text},
	{"id", anyJSON},
	{"page", integer},
	{"url", text},
	{"final_url", text},
	{"next", text},
	{"status", integer},
	{"protocol", text},
	{"content_type", text},
	{"content_encoding", text},
	{"bytes", integer},
	{"wire_bytes", integer},
	{"resumed_from", integer},
	{"sha256", text},
	{"error", anyJSON},
	{"response_body", text},
	{"file", text},
	{"line", integer},
	{"input", text},
	{"path", text},
	{"body", anyJSON},
	{"body_encoding", text},
	{"attempts", integer},
	{"redirects", integer},
	{"started_at", timestamp},
	{"elapsed_ms", double},
	{"remote_addr", text},
	{"cache", text},
	{"timing", anyJSON},
	{"headers", anyJSON},
	{"request", anyJSON},
	{"meta", anyJSON},
}
