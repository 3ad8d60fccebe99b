package input

// The most bytes of a line that can be used.
const (
	maxURLLine  = 1 << 20 // with a URL
	maxJSONLine = 4 << 20 // with JSON; of a longer line this much is kept
)
