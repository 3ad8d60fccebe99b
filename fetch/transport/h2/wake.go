package h2

// wakeUp wakes the exchange that waits for a token in wake, which has room for one.
func wakeUp(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default: // it is to wake already
	}
}

// A wakeList has exchanges that are woken together, before the reader may wait for more: each then finds its header and
// its body, and does not contend with the reader for the lock. It is the reader's own. A stream may be over, and used
// again, by the time it is woken: so the list has what streams wait on, and not them.
type wakeList []chan struct{}

// maxWoken is how many exchanges wait at most to be woken together.
const maxWoken = 16

// add adds an exchange, by its stream.wake.
func (l *wakeList) add(wake chan struct{}) {
	if last := len(*l) - 1; last >= 0 && (*l)[last] == wake {
		return
	}
	if *l = append(*l, wake); len(*l) >= maxWoken {
		l.wakeAll()
	}
}

// wakeAll wakes all of them.
func (l *wakeList) wakeAll() {
	for _, wake := range *l {
		wakeUp(wake)
	}
	*l = (*l)[:0]
}
