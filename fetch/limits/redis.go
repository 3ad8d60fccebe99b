package limits

import (
	"context"
	"crypto/rand" //nolint:gosec // Redis names scripts so
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"batchfetch/fetch/plan"
	"batchfetch/fetch/resp"
)

//go:embed share.lua
var scriptText string

// script is the script as a server runs it.
var script = resp.NewScript(scriptText)

const (
	keyPrefix = "batchfetch:{limits}:1:" // one slot of a cluster, whose other nodes say so (MOVED)
	// processTTL is after how long without a call a process counts as dead, and others get its widths.
	processTTL = 8 * time.Second
	// ahead is how long before its time a start is granted at most, and slice how long a span is granted at once.
	ahead = 100 * time.Millisecond
	slice = 100 * time.Millisecond
	// lostTime is for how long after a failure starts may have been granted that the server does not know of.
	lostTime = 5 * time.Second
	// closeTimeout bounds how long an end waits for the server.
	closeTimeout = time.Second
	// leastLead is how long before a start a process has to know of it, at least: the script's lead.
	leastLead = 2 * time.Millisecond
	// longestHold bounds what one process has all others wait.
	longestHold = 24 * time.Hour
)

// A Redis keeps limits in a Redis server. One goroutine at a time may use it.
type Redis struct {
	client *resp.Client
	owner  string // names this process; another one after each failure, as others may count it as dead by then
	clock  clock
	lostAt time.Time // when the server failed last, or was found to have lost its memory; the zero time is never
}

// OpenRedis returns a Redis for a server. It does not connect yet.
func OpenRedis(c resp.Config) *Redis {
	return &Redis{client: resp.New(c), owner: rand.Text()}
}

// A question is a plan.Ask as the script has it.
type question struct {
	Starts int           `json:"n"`
	Late   int64         `json:"late"`
	Lates  int           `json:"nlate"`
	Unused int64         `json:"u"`
	Last   int64         `json:"z"`
	Limits []sharedLimit `json:"l"`
}

type sharedLimit struct {
	Key      string `json:"k"`
	Distance int64  `json:"d"`
	Width    int    `json:"w"`
	Active   int    `json:"act"`
	Wanted   int    `json:"want"`
	Hold     int64  `json:"hold"`
}

// request is what the script gets.
type request struct {
	Prefix string     `json:"p"`
	Owner  string     `json:"o"`
	TTL    int64      `json:"ttl"`
	Lead   int64      `json:"lead"`
	After  int64      `json:"after"`
	Ahead  int64      `json:"ahead"`
	Slice  int64      `json:"slice"`
	Asks   []question `json:"a"`
}

// reply is what it returns.
type reply struct {
	Now     string          `json:"now"`
	Answers json.RawMessage `json:"a"`
}

type answer struct {
	Starts string    `json:"s"`
	Widths []float64 `json:"w"`
	Held   float64   `json:"h"`
	Again  float64   `json:"g"`
}

// Ask answers each plan.Ask, and keeps the process alive for the others. Without any it does that alone. The error is
// one of package resp, or wraps resp.ErrReply.
func (r *Redis) Ask(ctx context.Context, asks []plan.Ask) ([]plan.Grant, error) {
	sent := time.Now()
	bulk, err := r.eval(ctx, asks)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		r.owner, r.lostAt = rand.Text(), time.Now()
		return nil, err
	}
	received := time.Now()
	grants, err := r.grants(bulk, asks, sent, received)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", resp.ErrReply, err)
	}
	return grants, nil
}

// request returns what the script gets for asks.
func (r *Redis) request(asks []plan.Ask) *request {
	q := &request{Prefix: keyPrefix, Owner: r.owner, TTL: processTTL.Milliseconds(), Ahead: ahead.Microseconds(),
		Slice: slice.Microseconds(), Lead: max(2*r.clock.trip, leastLead).Microseconds(),
		Asks: make([]question, len(asks))}
	if !r.lostAt.IsZero() && time.Since(r.lostAt) < lostTime { // what was granted before may not have started yet
		q.After = (ahead + slice).Microseconds()
	}
	for i := range asks {
		a := &asks[i]
		out := question{Starts: a.Starts, Late: a.Late.Microseconds(), Lates: a.LateStarts, Unused: a.Unused, Last: a.Last}
		for _, l := range a.Limits {
			out.Limits = append(out.Limits, sharedLimit{Key: keyOf(l.Name), Distance: l.Distance.Microseconds(),
				Width: l.Width, Active: l.Active, Wanted: l.Wanted, Hold: min(l.Hold, longestHold).Milliseconds()})
		}
		q.Asks[i] = out
	}
	return q
}

// keyOf is the end of the key of a limit: a hash, since names have hosts and paths in them.
func keyOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

// maxReply bounds the reply of the script, in bytes: a start takes 8 or so.
const maxReply = 1 << 20

// eval runs the script, which the server may know by now or not: one that has known it was started again since.
func (r *Redis) eval(ctx context.Context, asks []plan.Ask) ([]byte, error) {
	return r.client.EvalCommand(ctx, script, func(unknown bool) (resp.Command, error) {
		if unknown && !r.clock.at.IsZero() {
			r.lostAt = time.Now()
		}
		text, err := json.Marshal(r.request(asks))
		return resp.Command{Words: []string{"1", keyPrefix}, Value: text, MaxBulk: maxReply}, err
	})
}

// grants reads the reply of the script.
func (r *Redis) grants(bulk []byte, asks []plan.Ask, sent, received time.Time) ([]plan.Grant, error) {
	var out reply
	if err := json.Unmarshal(bulk, &out); err != nil {
		return nil, errNotOurs
	}
	now, err := strconv.ParseInt(out.Now, 10, 64)
	if err != nil || now <= 0 {
		return nil, errNotOurs
	}
	r.clock.observe(now, sent, received)
	if len(asks) == 0 {
		return nil, nil
	}
	var answers []answer
	if err := json.Unmarshal(out.Answers, &answers); err != nil || len(answers) != len(asks) {
		return nil, errNotOurs
	}
	grants := make([]plan.Grant, len(asks))
	for i := range answers {
		if err := r.grant(&answers[i], &asks[i], now, received, &grants[i]); err != nil {
			return nil, err
		}
	}
	return grants, nil
}

var errNotOurs = errors.New("its script says something else")

// grant reads one answer of the script, made at now on the server's clock.
func (r *Redis) grant(from *answer, a *plan.Ask, now int64, received time.Time, to *plan.Grant) error {
	starts := strings.Fields(from.Starts)
	if len(starts) > a.Starts || len(from.Widths) != len(a.Limits) || !isSpan(from.Held) || !isSpan(from.Again) {
		return errNotOurs
	}
	for _, text := range starts {
		in, err := strconv.ParseFloat(text, 64)
		if err != nil || !isSpan(in) {
			return errNotOurs
		}
		stamp := now + int64(in)
		to.Slots = append(to.Slots, plan.Slot{At: r.clock.local(stamp), Stamp: stamp})
	}
	for i, width := range from.Widths {
		if width < 0 || width > float64(a.Limits[i].Width) {
			return errNotOurs
		}
		to.Widths = append(to.Widths, int(width))
	}
	if from.Held > 0 {
		to.HeldUntil = received.Add(micros(from.Held))
	}
	if from.Again > 0 {
		to.Again = r.clock.local(now + int64(from.Again))
	}
	return nil
}

// isSpan reports whether a number of microseconds is a time to wait.
func isSpan(n float64) bool { return n >= 0 && n <= float64(10*longestHold/time.Microsecond) }

func micros(n float64) time.Duration { return time.Duration(n) * time.Microsecond }

// Close gives back at once what the process holds, and closes the connections.
func (r *Redis) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	_, _ = r.client.Do(ctx, resp.Command{ // where that fails, the others wait for processTTL
		Words: []string{"DEL", keyPrefix + "p:" + r.owner}, Reply: resp.Number,
	})
	_ = r.client.Close()
}

// A clock tells the server's time: by the call that took the shortest time, since the error is half of that at most.
type clock struct {
	server int64     // us since 1970, at the same time as at
	at     time.Time // the zero time is that the server's is not known
	trip   time.Duration
}

// clockDrift is by how much two clocks may diverge, as a share of the time that passes.
const clockDrift = 1e-4

// observe takes in the server's time in a call.
func (c *clock) observe(server int64, sent, received time.Time) {
	trip := received.Sub(sent)
	aged := c.trip + time.Duration(clockDrift*float64(received.Sub(c.at)))
	middle := sent.Add(trip / 2)
	wrong := c.local(server).Sub(middle).Abs()
	if c.at.IsZero() || trip <= aged || wrong > trip+aged { // the last one: the server's clock was set
		c.server, c.at, c.trip = server, middle, trip
	}
}

// local returns the time here of one of the server's.
func (c *clock) local(server int64) time.Time {
	return c.at.Add(time.Duration(server-c.server) * time.Microsecond)
}
