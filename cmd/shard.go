package cmd

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"batchfetch/fetch"
	"batchfetch/fetch/input"
	"batchfetch/fetch/parse"
)

// maxShards is the largest n of --shard i/n, above the size of any job array.
const maxShards = 1 << 20

var errShard = &parse.Error{
	Problem: "neither i/n nor auto, auto/n or auto/FIRST-LAST",
	Hint:    "write 1/4 for the first of four, or auto/0-3 where an engine numbers four jobs from 0 on",
}

// shardIDs is how Slurm writes the numbers of an array: 0-7, or 1-13:4.
var shardIDs = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9]+)-([0-9]+)(?::([0-9]+))?$`)
})

// parseShard reads i/n, auto, auto/n or auto/FIRST-LAST[:STEP].
func parseShard(text string) (shardFlag, error) {
	number, of, found := strings.Cut(text, "/")
	s := shardFlag{auto: number == "auto"}
	if !found && !s.auto {
		return s, errShard
	}
	if ids := shardIDs().FindStringSubmatch(of); s.auto && ids != nil {
		return s, s.setIDs(ids[1], ids[2], ids[3])
	}
	var err error
	if !s.auto {
		s.Number, err = strconv.Atoi(number)
	}
	if found && err == nil {
		s.Of, err = strconv.Atoi(of)
	}
	switch {
	case err != nil:
		return s, errShard
	case found && (s.Of < 1 || s.Of > maxShards):
		return s, fmt.Errorf("there can be 1 to %d shards", maxShards)
	case !s.auto && (s.Number < 1 || s.Number > s.Of):
		return s, fmt.Errorf("shards are numbered from 1 to %d", s.Of)
	}
	return s, nil
}

// setIDs sets the numbers of all jobs, and with them how many shards there are.
func (s *shardFlag) setIDs(first, last, step string) (err error) {
	for _, number := range []struct {
		text string
		to   *int
	}{{first, &s.ids.first}, {last, &s.ids.last}, {cmp.Or(step, "1"), &s.ids.step}} {
		if *number.to, err = strconv.Atoi(number.text); err != nil || *number.to > 1<<31-1 {
			return fmt.Errorf("%s is too large a number for a job", number.text)
		}
	}
	if s.ids.step < 1 || s.ids.last < s.ids.first || (s.ids.last-s.ids.first)%s.ids.step != 0 {
		return &parse.Error{
			Problem: "are no numbers of jobs: the first, a -, and the last that there is",
			Hint:    "write auto/0-7, or auto/1-13:4 for 1, 5, 9 and 13",
		}
	}
	if s.Of = s.ids.count(); s.Of > maxShards {
		return fmt.Errorf("there can be 1 to %d shards", maxShards)
	}
	return nil
}

// position returns the 0-based position of a number among those of all jobs, or whether it is none of them.
func (r jobIDs) position(id int) (int, bool) {
	if id < r.first || id > r.last || (id-r.first)%r.step != 0 {
		return 0, false
	}
	return (id - r.first) / r.step, true
}

// count returns how many jobs there are.
func (r jobIDs) count() int { return (r.last-r.first)/r.step + 1 }

// String returns the numbers as --shard auto/ takes them.
func (r jobIDs) String() string {
	if r.step == 1 {
		return fmt.Sprintf("%d-%d", r.first, r.last)
	}
	return fmt.Sprintf("%d-%d:%d", r.first, r.last, r.step)
}

// divideRequests makes shard one of single requests, and divides the rates of the whole by how many there are, unless
// the shards keep them together (--limits).
func divideRequests(o *fetch.Options, shard *input.Shard, together bool, found *problems) {
	switch {
	case shard.Of == 0:
		found.add("shard-by", "request needs --shard i/n", "")
	case together:
		shard.ByRequest = true
	case o.Rate == 0 && o.HostRate == 0 && !o.Hosts.HasRate():
		found.add("shard-by",
			"request needs --limits, --rate, --host-rate or rates in --hosts, as every shard requests of every host",
			"give the rate of all shards together: it is divided by their number")
	default:
		shard.ByRequest = true
		o.DivideRates(shard.Of)
	}
}
