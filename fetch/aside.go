package fetch

import "time"

// What does not fit into the look-ahead window while other hosts could run is set aside: Tasks of hosts that have more than they
// can start soon, compressed, some 20 bytes for a plain URL where a Task takes a kilobyte. So a list that begins with a million
// lines of one host still lets the plan see who comes behind.

// parcelTasks is how many Tasks are packed together, parcelBytes where a parcel of large ones ends earlier,
// and asideKeep how many a lane keeps in memory when it is relieved of the others.
const (
	parcelTasks = 16
	parcelBytes = 64 << 10
	asideKeep   = 8
)

// trickleEvery is the least time between two installments while no place is free: reading further shows which hosts will take
// longest, but costs what the exchanges could use.
const trickleEvery = 250 * time.Millisecond

// An aside is what a plan needs to set Tasks aside.
type aside struct {
	pack    func([]*task) []byte // nil: nothing can be set aside
	unpack  func([]byte) []*task
	room    int64     // bytes left for packed Tasks
	count   int       // Tasks set aside
	bytes   int64     // what they take
	surplus int       // Tasks in lanes beyond what those need in memory
	made    time.Time // when the last installment of the trickle was
	credit  int       // what is left of it to be read
}

// clear forgets all and returns how many Tasks that were.
func (a *aside) clear() int64 {
	count := a.count
	a.room += a.bytes
	a.count, a.bytes = 0, 0
	return int64(count)
}

// away is what one lane has set aside: first the parcels, then a tail that is not yet one.
type away struct {
	parcels queue[parcel]
	count   int // Tasks in parcels
	tail    []*task
}

type parcel struct {
	packed []byte
	count  int
}

func (a *away) holds() bool { return a.len() > 0 }

func (a *away) len() int {
	if a == nil {
		return 0
	}
	return a.count + len(a.tail)
}

// isTouched reports whether there is more to a Task than its Request: what the cache knows of it, to begin with.
func (t *task) isTouched() bool {
	return !t.began.IsZero() || t.attempts > 0 || t.hops > 0 || t.lookup != nil
}

// windowFull reports whether no more may be read, with so many Tasks taken in that have not ended and are in memory; heavy says
// that they are many by what they take.
func (p *plan) windowFull(inMemory int, heavy bool, now time.Time) bool {
	switch {
	case inMemory >= p.options.Lookahead:
		return !p.makeRoom(p.installment(), now)
	case heavy:
		return !p.makeRoom(min(p.installment(), inMemory/8), now)
	case p.aside.count == 0 || p.starved || p.aside.credit > 0:
		return false
	}
	return !p.trickle(now)
}

// installment is how many Tasks are set aside at a time.
func (p *plan) installment() int { return max(p.options.Lookahead/8, parcelTasks) }

// trickle reports whether the time has come for another installment.
func (p *plan) trickle(now time.Time) bool {
	if now.Sub(p.aside.made) < trickleEvery {
		return false
	}
	p.aside.made, p.aside.credit = now, p.installment()
	return true
}

// makeRoom sets aside what lanes have in memory beyond their needs, of the trickle an installment, and reports whether that made
// any. Under so many as are worth it it does not try.
func (p *plan) makeRoom(worth int, now time.Time) bool {
	if p.aside.pack == nil || p.aside.room <= 0 || p.aside.surplus < worth {
		return false
	}
	if !p.starved && !p.trickle(now) {
		return false
	}
	before := p.aside.count
	left := p.size
	if !p.starved {
		left = p.installment()
	}
	for _, l := range p.lanes {
		if left >= parcelTasks && l.surplus >= parcelTasks && p.aside.room > 0 {
			left -= p.relieve(l, left, now)
		}
	}
	return p.aside.count > before
}

// relieve sets the end of a lane's queue aside, at most so many Tasks, and returns how many.
func (p *plan) relieve(l *lane, most int, now time.Time) int {
	keep := max(asideKeep, l.fresh.len()-most)
	tasks := l.fresh.cut(keep, func(t *task) bool { return !t.isTouched() })
	switch {
	case l.away.holds():
		p.packAhead(l.away, tasks)
	case len(tasks) > 0:
		l.away = &away{tail: tasks}
		p.packTail(l)
	}
	p.count(l, now)
	return len(tasks)
}

// follow puts a Task behind what its lane has set aside.
func (p *plan) follow(l *lane, t *task) {
	p.aside.credit--
	l.away.tail = append(l.away.tail, t)
	p.packTail(l)
}

// packTail makes parcels of a lane's tail, as far as there is room for them.
func (p *plan) packTail(l *lane) {
	a := l.away
	packed := 0
	for len(a.tail)-packed >= parcelTasks && p.aside.room > 0 {
		n := parcelLen(a.tail[packed:])
		a.parcels.push(p.wrap(a, a.tail[packed:packed+n]))
		packed += n
	}
	if packed > 0 {
		n := copy(a.tail, a.tail[packed:])
		clear(a.tail[n:])
		a.tail = a.tail[:n]
	}
}

// packAhead makes parcels of Tasks that come before all that is set aside already.
func (p *plan) packAhead(a *away, tasks []*task) {
	var ahead []parcel
	for len(tasks) > 0 {
		n := parcelLen(tasks)
		ahead = append(ahead, p.wrap(a, tasks[:n]))
		tasks = tasks[n:]
	}
	a.parcels = queue[parcel]{items: append(ahead, a.parcels.items[a.parcels.head:]...)}
}

// wrap packs Tasks and counts them as set aside.
func (p *plan) wrap(a *away, tasks []*task) parcel {
	packed := p.aside.pack(tasks)
	p.tookAside(a, len(tasks), parcelCost(packed))
	return parcel{packed, len(tasks)}
}

// parcelLen is how many of the first Tasks make a parcel: at least one.
func parcelLen(tasks []*task) int {
	tasks = tasks[:min(parcelTasks, len(tasks))]
	size := 0
	for i, t := range tasks {
		r := &t.request
		size += len(r.URL) + len(r.Body) + len(r.Meta)
		if size > parcelBytes {
			return max(i, 1)
		}
	}
	return len(tasks)
}

// parcelCost is what a parcel takes with all that the runtime keeps for it.
func parcelCost(packed []byte) int64 { return int64(len(packed)) + 64 }

// tookAside counts Tasks that have left memory, or come back with both numbers negative.
func (p *plan) tookAside(a *away, tasks int, bytes int64) {
	a.count += tasks
	p.size -= tasks
	p.aside.count += tasks
	p.aside.room -= bytes
	p.aside.bytes += bytes
}

// refill gives a lane more of what it has set aside before it runs dry; while there is no room, once it has.
func (p *plan) refill(l *lane) {
	low := asideKeep / 2
	if p.size+p.running >= p.options.Lookahead {
		low = 1
	}
	for !l.closing && l.away.holds() && l.fresh.len() < low {
		for _, t := range p.back(l) {
			l.fresh.push(t)
		}
	}
}

// back takes the first Tasks that a lane has set aside: a parcel, or the tail.
func (p *plan) back(l *lane) []*task {
	a := l.away
	if a.parcels.len() == 0 {
		tasks := a.tail
		l.away = nil
		return tasks
	}
	b := a.parcels.pop()
	p.tookAside(a, -b.count, -parcelCost(b.packed))
	tasks := p.aside.unpack(b.packed)
	for _, t := range tasks {
		t.lane = l
	}
	return tasks
}

// A closure is a lane that has been closed, and the last word on what it has set aside: the lane may be open again by then.
type closure struct {
	lane *lane
	why  *Failure
}
