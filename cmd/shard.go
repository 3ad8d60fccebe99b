package cmd

import (
	"fmt"
	"strconv"
	"strings"

	"batchfetch/cmd/parse"
	"batchfetch/fetch/input"
)

// maxShards is the largest n of --shard i/n, above the size of any job array.
const maxShards = 1 << 20

var errShard = &parse.Error{
	Problem: "neither i/n nor auto nor auto/n",
	Hint:    "write 1/4 for the first of four, or auto/4 where an engine numbers the jobs",
}

// parseShard reads i/n, auto or auto/n.
func parseShard(text string) (shardFlag, error) {
	number, of, found := strings.Cut(text, "/")
	s := shardFlag{auto: number == "auto"}
	if !found && !s.auto {
		return s, errShard
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

// A jobEngine runs one command as an array of numbered jobs, and sets variables in the environment of each.
type jobEngine struct {
	name      string
	index     string // the variable with the job's number
	first     int    // the number of the first job
	count     string // the variable with the number of jobs; "" is none
	strided   bool   // the array has a first, a last and a step, in variables of Slurm's
	countHint string // for the user, where no variable has the count
}

// jobEngines are those that --shard auto detects. PARALLEL_JOBSLOT of GNU parallel is not used: it numbers slots, and
// the jobs that run in a slot one after the other have the same.
var jobEngines = []jobEngine{
	{
		name: "Kubernetes", index: "JOB_COMPLETION_INDEX",
		countHint: "write --shard auto/N with the completions of the Job",
	},
	{
		name: "Slurm", index: "SLURM_ARRAY_TASK_ID", count: "SLURM_ARRAY_TASK_COUNT", strided: true,
		countHint: "write --shard auto/N with the number of tasks",
	},
	{
		name: "AWS Batch", index: "AWS_BATCH_JOB_ARRAY_INDEX", count: "AWS_BATCH_JOB_ARRAY_SIZE",
		countHint: "write --shard auto/N with the size of the array",
	},
	{
		name: "GNU parallel", index: "PARALLEL_SEQ", first: 1,
		countHint: "write --shard auto/{##}, which parallel replaces by the number of jobs",
	},
}

// resolveShard returns --shard with the number that auto stands for.
func resolveShard(s shardFlag, lookup func(name string) string, found *problems) input.Shard {
	if !s.auto {
		return s.Shard
	}
	detected, err := s.detect(lookup)
	found.addError("shard", err)
	return detected
}

// detect returns the shard of this job by the variables of the one job engine that has set its own.
func (s shardFlag) detect(lookup func(name string) string) (input.Shard, error) {
	var found []jobEngine
	var looked, set []string
	for _, e := range jobEngines {
		looked = append(looked, fmt.Sprintf("%s (%s)", e.index, e.name))
		if lookup(e.index) != "" {
			found = append(found, e)
			set = append(set, e.index)
		}
	}
	switch len(found) {
	case 0:
		return input.Shard{}, &parse.Error{
			Problem: "is auto, and none of these is set: " + strings.Join(looked, ", "),
			Hint:    "write --shard 1/4 for the first of four",
		}
	case 1:
		return found[0].shard(s.Of, lookup)
	}
	return input.Shard{}, &parse.Error{
		Problem: "is auto, and several engines number this job: " + strings.Join(set, " and ") + " are set",
		Hint:    "write --shard i/n with the number that counts",
	}
}

// shard returns the shard of this job; of is the number of shards by the flag, 0 where it has none.
func (e jobEngine) shard(of int, lookup func(name string) string) (input.Shard, error) {
	index, err := intVariable(e.index, lookup)
	if err != nil {
		return input.Shard{}, err
	}
	index -= e.first
	count, err := e.jobCount(lookup)
	if err != nil {
		return input.Shard{}, err
	}
	if e.strided {
		if index, err = slurmPosition(index, count, lookup); err != nil {
			return input.Shard{}, err
		}
	}
	switch {
	case of == 0 && count == 0:
		variables := e.index
		if e.count != "" {
			variables += " without " + e.count
		}
		return input.Shard{}, &parse.Error{
			Problem: fmt.Sprintf("is auto, and %s, from %s, does not say how many shards there are", variables, e.name),
			Hint:    e.countHint,
		}
	case of != 0 && count != 0 && of != count:
		return input.Shard{}, &parse.Error{
			Problem: fmt.Sprintf("is auto/%d, and %s is %d", of, e.count, count),
			Hint:    "write --shard i/n to run one of them again by itself",
		}
	}
	of = max(of, count)
	if index < 0 || index >= of {
		return input.Shard{}, fmt.Errorf("is auto, and %s is %s, beyond the %d shards that there are",
			e.index, lookup(e.index), of)
	}
	return input.Shard{Number: index + 1, Of: of}, nil
}

// jobCount returns the number of jobs by the engine's variable; 0 where that has none or has not set it.
func (e jobEngine) jobCount(lookup func(name string) string) (int, error) {
	if e.count == "" || lookup(e.count) == "" {
		return 0, nil
	}
	count, err := intVariable(e.count, lookup)
	if err == nil && (count < 1 || count > maxShards) {
		err = fmt.Errorf("is auto, and %s is %d, not 1 to %d", e.count, count, maxShards)
	}
	return count, err
}

// slurmPosition returns the 0-based position of a task in its Slurm array, which may start at any number and have a
// step. An array with gaps (--array=0,3,4) is an error: its tasks have no variable with the numbers of the others.
func slurmPosition(id, count int, lookup func(name string) string) (int, error) {
	const least, most, stride = "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_STEP"
	values := map[string]int{stride: 1}
	for _, name := range []string{least, most, stride} {
		if lookup(name) == "" {
			continue
		}
		n, err := intVariable(name, lookup)
		if err != nil {
			return 0, err
		}
		values[name] = n
	}
	first, step := values[least], values[stride]
	last, known := values[most]
	even := step >= 1 && (id-first)%step == 0 && (!known || count == 0 || last-first == (count-1)*step)
	if !even {
		const format = "is auto, and the Slurm array has gaps: SLURM_ARRAY_TASK_ID is %d, %s %d, %s %d, %s %d, " +
			"SLURM_ARRAY_TASK_COUNT %d"
		return 0, &parse.Error{
			Problem: fmt.Sprintf(format, id, least, first, most, last, stride, step, count),
			Hint:    "write --array=0-7, say, or --shard i/n",
		}
	}
	return (id - first) / step, nil
}

// intVariable reads a whole number, 0 at least, from the environment.
func intVariable(name string, lookup func(name string) string) (int, error) {
	n, err := strconv.ParseUint(lookup(name), 10, 31)
	if err != nil {
		return 0, fmt.Errorf("is auto, and %s is %q, not a whole number", name, lookup(name))
	}
	return int(n), nil
}
