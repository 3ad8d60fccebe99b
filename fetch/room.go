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

// startWithRoom adds the Tasks of the roomQueue to the plan for which there is room now, in their order but for an
// urgent one, and returns wait, or less where others still wait.
func (s *scheduler) startWithRoom(now time.Time, wait time.Duration) time.Duration {
	q := &s.rooms
	if len(q.waiting) == 0 {
		return wait
	}
	if since := now.Sub(q.lookedAt); since >= roomPause {
		q.lookedAt = now
		full := false
		q.waiting = slices.DeleteFunc(q.waiting, func(t *task) bool {
			claim := t.roomClaim(s.holder)
			if full && !claim.Urgent || !s.options.TempSpace.HasRoom(claim, q.promised) {
				full = true
				return false
			}
			t.promisedRoom = claim.Room()
			q.promised += t.promisedRoom
			s.route(t, now)
			return true
		})
		if len(q.waiting) == 0 {
			return 0
		}
		wait = 0 // what was added may start at once
	}
	if wait < 0 || wait > roomPause {
		return roomPause
	}
	return wait
}

// dropRoomQueue ends the Tasks of the roomQueue: the run has been stopped.
func (s *scheduler) dropRoomQueue() {
	for _, t := range s.rooms.waiting {
		s.endUnstarted(t)
	}
	s.rooms.waiting = nil
}

// countShortages counts exchanges in a row that found no file, or no room on the disk, for their body. Where only
// others have the room it is awaited, however long.
func (t *task) countShortages(x *exchange, a *judge.Answer) {
	t.room = 0
	if a.NoRoom {
		t.room = max(x.roomNeeded, 1)
	}
	switch {
	case a.NoRoom && errors.Is(a.Failure, spool.ErrNoRoom):
	case a.NoRoom, a.IsOutOfFiles(), a.IsShort():
		t.fileShortages++
	case a.Failure != nil: // after a whole body its line may still find none
		t.fileShortages = 0
	}
}
