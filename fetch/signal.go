package fetch

// A signal wakes the stage that receives from it: several before it does count as one. Its capacity is 1.
type signal chan struct{}

// send wakes the stage. It does not block.
func (s signal) send() {
	select {
	case s <- struct{}{}:
	default:
	}
}
