package h2

import "time"

// A pinger is when a connection that is silent is pinged, and was. Guarded by Conn.mu.
type pinger struct {
	settingsSentAt time.Time
	roundTrip      time.Duration // until SETTINGS were acknowledged; 0 is not known
	timer          *time.Timer   // runs checkSilence; nil: not started
	running        bool          // timer runs
	pingedAt       time.Time     // when the ping was sent that nothing has followed; zero: none
}

// stop stops the timer of a connection that has ended.
func (p *pinger) stop() {
	if p.timer != nil {
		p.timer.Stop()
	}
}
