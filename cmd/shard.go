package cmd

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"batchfetch/fetch"
)

// mostShards is more machines than any engine starts at once.
const mostShards = 1 << 20

// A chosenShard is --shard: a part of the input, or how to find out which.
type chosenShard struct {
	fetch.Shard
	auto bool // the engine tells Number, and Of where that is 0
}

var errShard = &hintedError{"neither i/n nor auto nor auto/n", "write 1/4 for the first of four, or auto/4 where an engine numbers the jobs"}

// parseShard reads i/n, auto or auto/n.
func parseShard(text string) (chosenShard, error) {
	number, of, found := strings.Cut(text, "/")
	c := chosenShard{auto: number == "auto"}
	if !found && !c.auto {
		return c, errShard
	}
	var err error
	if !c.auto {
		c.Number, err = strconv.Atoi(number)
	}
	if found && err == nil {
		c.Of, err = strconv.Atoi(of)
	}
	switch {
	case err != nil:
		return c, errShard
	case found && (c.Of < 1 || c.Of > mostShards):
		return c, fmt.Errorf("there can be 1 to %d shards", mostShards)
	case !c.auto && (c.Number < 1 || c.Number > c.Of):
		return c, fmt.Errorf("shards are numbered from 1 to %d", c.Of)
	}
	return c, nil
}

// An engine starts one program many times over, and tells each which one it is.
type engine struct {
	name     string
	index    string // the variable that numbers the jobs
	first    int    // the number of the first
	count    string // the variable that counts them; "" is none
	strided  bool   // first, last and step stand in variables too: Slurm's
	sayCount string // how to say what no variable does
}

// engines are those that --shard auto knows. The number of GNU parallel's job slot, PARALLEL_JOBSLOT, is none of a job: several have the same.
var engines = []engine{
	{name: "Kubernetes", index: "JOB_COMPLETION_INDEX", sayCount: "write --shard auto/N with the completions of the Job"},
	{name: "Slurm", index: "SLURM_ARRAY_TASK_ID", count: "SLURM_ARRAY_TASK_COUNT", strided: true, sayCount: "write --shard auto/N with the number of tasks"},
	{name: "AWS Batch", index: "AWS_BATCH_JOB_ARRAY_INDEX", count: "AWS_BATCH_JOB_ARRAY_SIZE", sayCount: "write --shard auto/N with the size of the array"},
	{name: "GNU parallel", index: "PARALLEL_SEQ", first: 1, sayCount: "write --shard auto/{##}, which parallel replaces by the number of jobs"},
}

// detect asks the environment which shard this is. The error says which variables it looked at.
func (c chosenShard) detect(lookup func(string) string) (fetch.Shard, error) {
	var found []engine
	var looked, set []string
	for _, e := range engines {
		looked = append(looked, fmt.Sprintf("%s (%s)", e.index, e.name))
		if lookup(e.index) != "" {
			found = append(found, e)
			set = append(set, e.index)
		}
	}
	switch len(found) {
	case 0:
		return fetch.Shard{}, &hintedError{"is auto, and none of these is set: " + strings.Join(looked, ", "), "write --shard 1/4 for the first of four"}
	case 1:
		return found[0].shard(c.Of, lookup)
	}
	return fetch.Shard{}, &hintedError{"is auto, and several engines number this job: " + strings.Join(set, " and ") + " are set", "write --shard i/n with the number that counts"}
}

// shard returns which of how many the engine says this is; of is the number given, or 0.
func (e engine) shard(of int, lookup func(string) string) (fetch.Shard, error) {
	index, err := variable(e.index, lookup)
	if err != nil {
		return fetch.Shard{}, err
	}
	index -= e.first
	told := 0
	if e.count != "" && lookup(e.count) != "" {
		if told, err = variable(e.count, lookup); err != nil {
			return fetch.Shard{}, err
		}
		if told < 1 || told > mostShards {
			return fetch.Shard{}, fmt.Errorf("is auto, and %s is %d, not 1 to %d", e.count, told, mostShards)
		}
	}
	if e.strided {
		if index, err = position(index, told, lookup); err != nil {
			return fetch.Shard{}, err
		}
	}
	switch {
	case of == 0 && told == 0:
		variables := e.index
		if e.count != "" {
			variables += " without " + e.count
		}
		return fetch.Shard{}, &hintedError{fmt.Sprintf("is auto, and %s, from %s, does not say how many shards there are", variables, e.name), e.sayCount}
	case of != 0 && told != 0 && of != told:
		return fetch.Shard{}, &hintedError{fmt.Sprintf("is auto/%d, and %s is %d", of, e.count, told), "write --shard i/n to run one of them again by itself"}
	}
	of = max(of, told)
	if index < 0 || index >= of {
		return fetch.Shard{}, fmt.Errorf("is auto, and %s is %s, beyond the %d shards that there are", e.index, lookup(e.index), of)
	}
	return fetch.Shard{Number: index + 1, Of: of}, nil
}

// position returns the 0-based place of a Slurm task in its array, which may start anywhere and go in steps.
// An array with gaps can't be counted through: its tasks don't know which others there are.
func position(id, count int, lookup func(string) string) (int, error) {
	const least, most, stride = "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_STEP"
	values := map[string]int{stride: 1}
	for _, name := range []string{least, most, stride} {
		if lookup(name) == "" {
			continue
		}
		n, err := variable(name, lookup)
		if err != nil {
			return 0, err
		}
		values[name] = n
	}
	first, step := values[least], values[stride]
	last, known := values[most]
	even := step >= 1 && (id-first)%step == 0 && (!known || count == 0 || last-first == (count-1)*step)
	if !even {
		return 0, &hintedError{fmt.Sprintf("is auto, and the Slurm array has gaps: %s is %d, %s %d, %s %d, %s %d, SLURM_ARRAY_TASK_COUNT %d",
			"SLURM_ARRAY_TASK_ID", id, least, first, most, last, stride, step, count), "write --array=0-7, say, or --shard i/n"}
	}
	return (id - first) / step, nil
}

// variable reads a whole number from the environment.
func variable(name string, lookup func(string) string) (int, error) {
	n, err := strconv.ParseUint(lookup(name), 10, 31)
	if err != nil {
		return 0, fmt.Errorf("is auto, and %s is %q, not a whole number", name, lookup(name))
	}
	return int(n), nil
}

// resolveShard finds out which part of the input is this process's.
func (s *settings) resolveShard() {
	if !s.shard.auto {
		return
	}
	found, err := s.shard.detect(os.Getenv)
	if err != nil {
		hint := ""
		var hinted *hintedError
		if errors.As(err, &hinted) {
			hint = hinted.hint
		}
		s.notes.add("shard", err.Error(), hint)
		return
	}
	s.shard.Shard = found
}
