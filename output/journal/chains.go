package journal

import "batchfetch/fetch"

// A chain is the pages of a request whose last one is not done: the page that comes next, and those that came before it
// but the first.
type chain struct {
	next    fetch.Page
	earlier fetch.PageSet
}

// chains are those of all requests that have one. It is nil where none has.
type chains map[occurrence]*chain

// add notes that a page is done and which one follows it; a chain that begins anew replaces the one before.
func (all *chains) add(of occurrence, next *fetch.Page) {
	c := (*all)[of]
	if c == nil || next.Number <= c.next.Number {
		c = new(chain)
	} else {
		c.earlier = c.earlier.With(c.next.Key())
	}
	c.next = *next
	if *all == nil {
		*all = make(chains)
	}
	(*all)[of] = c
}

// take returns the chain of a request and removes it; nil is none.
func (all chains) take(of occurrence) *chain {
	c := all[of]
	delete(all, of)
	return c
}
