package plan_test

// knownBounds are of the APIs whose runs do not come to what they should: how far they go at most. An API that keeps to
// its own bounds has no place here.
var knownBounds = map[string]bounds{
	"Prisjakt, ms to go":                   {lost: 329, refused: 4, early: 4, ratio: 1.6},
	"Zendesk":                              {lost: 0, refused: 11, early: 4, ratio: 1.6},
	"Retry-After wins over RateLimit":      {lost: 0, refused: 48, early: 4, ratio: 1.6},
	"30 in 4 s, ms to go (Prisjakt)":       {lost: 95, refused: 4, early: 4, ratio: 1.6},
	"arXiv, 503 + Retry-After, one in 3 s": {lost: 0, refused: 57, early: 4, ratio: 2.0},
	"Retry-After, ISO 8601":                {lost: 329, refused: 21, early: 4, ratio: 1.6},
	"Docker Hub, epoch":                    {lost: 329, refused: 21, early: 4, ratio: 1.6},
	"WSO2, Retry-After date, of a minute":  {lost: 329, refused: 21, early: 4, ratio: 1.6},
}
