package fetch

import "batchfetch/fetch/failure"

// A Failure is why a Request failed: a value in a Record, not a reason to stop. Its Err says what happened, at which
// step and on which host, for someone who reads only that line. It is failure.Failure under the name that the public
// face has for it.
type Failure = failure.Failure

// A Kind is the class of a Failure, one of a closed list: the constants of package failure, such as failure.DNS. Its
// text is what stands in a Record and in a Summary.
type Kind = failure.Kind
