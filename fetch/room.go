package fetch

import (
	"errors"
	"slices"
	"time"

	"batchfetch/fetch/judge"
	"batchfetch/fetch/spool"
)

// A roomQueue has the Tasks whose bodies found no room for their temporary files (Options.TempSpace), oldest first.
// They are in no lane meanwhile, and cost their hosts nothing. The scheduler's lock guards it.
type roomQueue struct {
	waiting  []*task
	promised int64     // bytes for Tasks that have left it and have not come back from a worker; most have them already
	lookedAt time.Time // when it was last looked for room
}

// roomPause is the time between two looks.
const roomPause = 100 * time.Millisecond

// roomClaim returns the claim of t for the temporary file of its body. The one whose Record a Holder waits for is
// urgent: it alone frees what that holds.
func (t *task) roomClaim(holder Holder) spool.Claim {
	return spool.Claim{Size: t.room, Urgent: holder != nil && holder.Awaited() == t.seq}
}

// takeBack notes that a Task has come from a worker: what it was promised it has, or has no need of any more.
func (q *roomQueue) takeBack(t *task) {
	q.promised -= t.promisedRoom
	t.promisedRoom = 0
}

// takeFitting takes the Tasks out of the queue whose time has come and for which space has room now, in their order but
// for an urgent one. It looks once in roomPause.
func (q *roomQueue) takeFitting(now time.Time, space *spool.Space, holder Holder) (fitting []*task) {
	if len(q.waiting) == 0 || now.Sub(q.lookedAt) < roomPause {
		return nil
	}
	q.lookedAt = now
	full := false
	q.waiting = slices.DeleteFunc(q.waiting, func(t *task) bool {
		if t.NotBefore.After(now) { // the disk was full, and may still be
			return false
		}
		claim := t.roomClaim(holder)
		if full && !claim.Urgent || !space.HasRoom(claim, q.promised) {
			full = true
			return false
		}
		t.promisedRoom = claim.Room()
		q.promised += t.promisedRoom
		fitting = append(fitting, t)
		return true
	})
	return fitting
}

// takeAll takes all Tasks out of the queue.
func (q *roomQueue) takeAll() []*task {
	all := q.waiting
	q.waiting = nil
	return all
}

// countShortages counts exchanges in a row that found no file, or no room on the disk, for their body. Where only
// others have the room it is awaited, however long.
func (t *task) countShortages(x *exchange, a *judge.Answer) {
	t.room = 0
	if a.NoRoom {
		t.room = max(x.body.roomNeeded, 1)
	}
	switch {
	case a.NoRoom && errors.Is(a.Failure, spool.ErrNoRoom):
	case a.NoRoom, a.IsOutOfFiles(), a.IsShort():
		t.fileShortages++
	case a.Failure != nil: // after a whole body its line may still find none
		t.fileShortages = 0
	}
}
