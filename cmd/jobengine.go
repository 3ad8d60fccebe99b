package cmd

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"batchfetch/fetch/input"
	"batchfetch/fetch/parse"
)

// A jobEngine runs one command as an array of numbered jobs, and sets variables in the environment of each.
type jobEngine struct {
	name  string
	index string // the variable with the job's number
	first int    // the number of the first job
	count string // the variable with the number of jobs; "" is none, or that bounds tell it
	// bounds are the variables with the lowest number, the highest and the step of the jobs that were started, which may
	// be some of the whole; empty is none.
	bounds [3]string
	// runs reports whether the engine has started this process; nil is whenever index is set.
	runs      func(lookup func(name string) string) bool
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
		name: "Slurm", index: "SLURM_ARRAY_TASK_ID", count: "SLURM_ARRAY_TASK_COUNT",
		bounds:    [3]string{"SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_STEP"},
		countHint: "write --shard auto/0-7 with the numbers of the whole array, as --array has them",
	},
	{
		name: "srun", index: "SLURM_PROCID", count: "SLURM_NTASKS", runs: isSeveralTasks,
		countHint: "write --shard auto/N with the number of tasks",
	},
	{
		name: "Grid Engine", index: "SGE_TASK_ID", first: 1, runs: isArrayTask,
		bounds:    [3]string{"SGE_TASK_FIRST", "SGE_TASK_LAST", "SGE_TASK_STEPSIZE"},
		countHint: "write --shard auto/1-8 with the numbers of the whole array, as qsub -t has them",
	},
	{
		name: "AWS Batch", index: "AWS_BATCH_JOB_ARRAY_INDEX", count: "AWS_BATCH_JOB_ARRAY_SIZE",
		countHint: "write --shard auto/N with the size of the array",
	},
	{
		name: "GNU parallel", index: "PARALLEL_SEQ", first: 1,
		countHint: "write --shard auto/N with the number of jobs, or parallel --plus and auto/{##}",
	},
}

// isSeveralTasks reports whether srun numbers this process among several. Slurm sets SLURM_PROCID to 0 for the script
// of a batch job, too, and SLURM_NTASKS to the tasks that the script may start: only what srun has started is in a
// step.
func isSeveralTasks(lookup func(name string) string) bool {
	inStep := lookup("SLURM_JOB_ID") == "" || lookup("SLURM_STEP_ID") != ""
	return inStep && lookup("SLURM_NTASKS") != "" && lookup("SLURM_NTASKS") != "1"
}

// isArrayTask reports whether a job of Grid Engine is one of an array: 8.1.9 sets "undefined" for others.
func isArrayTask(lookup func(name string) string) bool { return lookup("SGE_TASK_ID") != "undefined" }

// detect returns the shard of this job by the variables of the one job engine that has set its own.
func (s shardFlag) detect(lookup func(name string) string) (input.Shard, error) {
	var found []jobEngine
	var looked, set []string
	for _, e := range jobEngines {
		looked = append(looked, fmt.Sprintf("%s (%s)", e.index, e.name))
		if lookup(e.index) != "" && (e.runs == nil || e.runs(lookup)) {
			found = append(found, e)
			set = append(set, e.index)
		}
	}
	switch len(found) {
	case 0:
		hint := "write --shard 1/4 for the first of four"
		if lookup("SLURM_PROCID") != "" {
			hint = "start it by srun with several tasks, as an array, or write --shard 1/4 for the first of four"
		}
		return input.Shard{}, &parse.Error{
			Problem: "is auto, and no engine numbers this job by one of: " + strings.Join(looked, ", "),
			Hint:    hint,
		}
	case 1:
		return found[0].shard(s, lookup)
	}
	return input.Shard{}, &parse.Error{
		Problem: "is auto, and several engines number this job: " + strings.Join(set, " and ") + " are set",
		Hint:    "write --shard i/n with the number that counts",
	}
}

// shard returns the shard of this job. Where the flag has the numbers of all jobs, or how many they are, it rules, so
// that some of them can be started again; else the engine's variables have to tell them all.
func (e jobEngine) shard(s shardFlag, lookup func(name string) string) (input.Shard, error) {
	id, err := intVariable(e.index, lookup)
	if err != nil {
		return input.Shard{}, err
	}
	all := s.ids
	switch {
	case all.step > 0: // given
	case s.Of > 0:
		all = jobIDs{e.first, e.first + s.Of - 1, 1}
	default:
		if all, err = e.allIDs(lookup); err != nil {
			return input.Shard{}, err
		}
	}
	if err := e.checkStarted(all, s.Of, lookup); err != nil {
		return input.Shard{}, err
	}
	position, known := all.position(id)
	if !known {
		return input.Shard{}, fmt.Errorf("is auto, and %s is %d, beyond the %d shards that there are, %s",
			e.index, id, all.count(), all)
	}
	return input.Shard{Number: position + 1, Of: all.count()}, nil
}

// allIDs returns the numbers of all jobs by the engine's variables. The error is that they don't tell them all: a count
// of one is most often that of one job which is started again.
func (e jobEngine) allIDs(lookup func(name string) string) (jobIDs, error) {
	count, err := e.jobCount(lookup)
	if err != nil {
		return jobIDs{}, err
	}
	ids := jobIDs{e.first, e.first + count - 1, 1}
	switch {
	case count == 0:
		variables := e.index
		if e.count != "" {
			variables += " without " + e.count
		}
		return ids, &parse.Error{
			Problem: fmt.Sprintf("is auto, and %s, from %s, does not say how many shards there are", variables, e.name),
			Hint:    e.countHint,
		}
	case count == 1:
		only := e.count + " is 1"
		if e.count == "" {
			only = fmt.Sprintf("%s and %s are both %s", e.bounds[0], e.bounds[1], lookup(e.bounds[0]))
		}
		return ids, &parse.Error{
			Problem: "is auto, and " + only + ": one job does not tell how many there are in the whole",
			Hint:    e.countHint,
		}
	case e.bounds[0] == "" || lookup(e.bounds[0]) == "":
		return ids, nil
	}
	started, err := e.started(lookup)
	if err != nil {
		return ids, err
	}
	if started.first > 1 || started.step < 1 || e.count != "" && lookup(e.bounds[1]) != "" &&
		started.last-started.first != (count-1)*started.step {
		return ids, &parse.Error{
			Problem: fmt.Sprintf("is auto, and the %d jobs of %s, %s is %d and %s %d, are not all from 0 or 1 on",
				count, e.name, e.bounds[0], started.first, e.bounds[1], started.last),
			Hint: e.countHint,
		}
	}
	started.last = started.first + (count-1)*started.step
	return started, nil
}

// started returns the lowest and the highest number of the jobs that were started, and their step.
func (e jobEngine) started(lookup func(name string) string) (jobIDs, error) {
	ids := jobIDs{step: 1}
	for i, to := range []*int{&ids.first, &ids.last, &ids.step} {
		if lookup(e.bounds[i]) == "" {
			continue
		}
		n, err := intVariable(e.bounds[i], lookup)
		if err != nil {
			return ids, err
		}
		*to = n
	}
	return ids, nil
}

// checkStarted returns an error where more jobs were started than the whole has, or another than one of it: then the
// numbers of the flag are not those of the engine.
func (e jobEngine) checkStarted(all jobIDs, given int, lookup func(name string) string) error {
	if given == 0 {
		return nil
	}
	count, err := e.jobCount(lookup)
	if err != nil {
		return err
	}
	if count > all.count() || e.bounds[0] == "" && count != 0 && count != all.count() {
		return &parse.Error{
			Problem: fmt.Sprintf("is auto/%d, and %s is %d", given, cmp.Or(e.count, "the number of jobs started"), count),
			Hint:    "write --shard i/n to run one of them again by itself",
		}
	}
	for _, name := range e.bounds[:2] {
		if name == "" || lookup(name) == "" {
			continue
		}
		id, err := intVariable(name, lookup)
		if err != nil {
			return err
		}
		if _, known := all.position(id); !known {
			return &parse.Error{
				Problem: fmt.Sprintf("is auto/%d, and %s is %d, which is none of %s", given, name, id, all),
				Hint:    e.countHint,
			}
		}
	}
	return nil
}

// jobCount returns the number of jobs by the engine's variable, or by its bounds; 0 where it has not set them.
func (e jobEngine) jobCount(lookup func(name string) string) (int, error) {
	if e.count == "" {
		return e.countBetween(lookup)
	}
	if lookup(e.count) == "" {
		return 0, nil
	}
	count, err := intVariable(e.count, lookup)
	if err == nil && (count < 1 || count > maxShards) {
		err = fmt.Errorf("is auto, and %s is %d, not 1 to %d", e.count, count, maxShards)
	}
	return count, err
}

// countBetween returns the number of jobs from the lowest number to the highest; 0 where the engine has set no bounds.
func (e jobEngine) countBetween(lookup func(name string) string) (int, error) {
	if e.bounds[1] == "" || lookup(e.bounds[1]) == "" {
		return 0, nil
	}
	all, err := e.started(lookup)
	count := (all.last-all.first)/max(1, all.step) + 1
	if err == nil && (count < 1 || count > maxShards) {
		err = fmt.Errorf("is auto, and %s is %d and %s %d, which are not 1 to %d jobs",
			e.bounds[0], all.first, e.bounds[1], all.last, maxShards)
	}
	return count, err
}

// intVariable reads a whole number, 0 at least, from the environment.
func intVariable(name string, lookup func(name string) string) (int, error) {
	n, err := strconv.ParseUint(lookup(name), 10, 31)
	if err != nil {
		return 0, fmt.Errorf("is auto, and %s is %q, not a whole number", name, lookup(name))
	}
	return int(n), nil
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
