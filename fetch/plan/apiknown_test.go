package plan_test

// knownBounds are of the APIs whose runs do not come to what they should: how far they go at most. An API that keeps to
// its own bounds has no place here.
var knownBounds = map[string]bounds{
	"Retry-After wins over RateLimit":      {lost: 0, refused: 48, early: 4, ratio: 1.6},
	"arXiv, 503 + Retry-After, one in 3 s": {lost: 0, refused: 57, early: 4, ratio: 2.0},
}
