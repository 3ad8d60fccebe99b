package cmd

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseShard(t *testing.T) {
	for text, want := range map[string]string{
		"1/4": "1/4", "4/4": "4/4", "1/1": "1/1", "auto": "auto 0/0", "auto/8": "auto 0/8",
		"auto/0-7": "auto 0/8", "auto/5-5": "auto 0/1", "auto/1-13:4": "auto 0/4",
	} {
		c, err := parseShard(text)
		got := fmt.Sprintf("%d/%d", c.Number, c.Of)
		if c.auto {
			got = "auto " + got
		}
		if err != nil || got != want {
			t.Errorf("%s is %s, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "1", "0/4", "5/4", "-1/4", "1/0", "1/-1", "a/b", "1/4/2", "auto/", "auto/0", "auto/x", "automatic", "1 / 4",
		"1/2000000", "auto/7-0", "auto/0-", "auto/-7", "auto/0-7:0", "auto/0-7:2", "auto/0-7/2", "auto/0-7:", "1-2/4",
		"auto/0-2000000", "auto/0-99999999999999999999", "auto/0,3,4",
	} {
		if c, err := parseShard(text); err == nil {
			t.Errorf("%q is %+v", text, c)
		}
	}
}

// TestDetectShard: --shard auto with the variables that each engine sets, and with values that can't be.
func TestDetectShard(t *testing.T) {
	for _, tt := range []struct {
		name, env, flag string
		want            string // i/n, or a piece of the error
	}{
		{"Kubernetes counts from 0", "JOB_COMPLETION_INDEX=0", "auto/8", "1/8"},
		{"Kubernetes, the last", "JOB_COMPLETION_INDEX=7", "auto/8", "8/8"},
		{"Kubernetes sets no count", "JOB_COMPLETION_INDEX=3", "auto", "JOB_COMPLETION_INDEX, from Kubernetes, does not say"},
		{"Kubernetes, beyond", "JOB_COMPLETION_INDEX=8", "auto/8", "JOB_COMPLETION_INDEX is 8, beyond the 8 shards"},
		{"Slurm from 0",
			"SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=0 " +
				"SLURM_ARRAY_TASK_MAX=3 SLURM_ARRAY_TASK_STEP=1",
			"auto", "3/4"},
		{"Slurm from 1",
			"SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1 " +
				"SLURM_ARRAY_TASK_MAX=4 SLURM_ARRAY_TASK_STEP=1",
			"auto", "4/4"},
		{"Slurm in steps",
			"SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1 " +
				"SLURM_ARRAY_TASK_MAX=13 SLURM_ARRAY_TASK_STEP=4",
			"auto", "3/4"},
		{"Slurm with the number said again", slurm(1, 4, 0, 3, 1), "auto/4", "2/4"},
		{"Slurm with the ids said again", slurm(4, 4, 1, 4, 1), "auto/1-4", "4/4"},
		{"Slurm with gaps", slurm(9, 3, 1, 9, 1), "auto", "are not all from 0 or 1 on"},
		{"Slurm off its steps", slurm(2, 4, 1, 13, 4), "auto", "SLURM_ARRAY_TASK_ID is 2, beyond the 4 shards"},
		{"Slurm in steps of nothing", slurm(2, 4, 1, 13, 0), "auto", "are not all from 0 or 1 on"},
		{"Slurm, below the first", slurm(0, 4, 1, 4, 1), "auto", "SLURM_ARRAY_TASK_ID is 0, beyond"},
		{"one task again does not tell the whole", slurm(5, 1, 5, 5, 1), "auto", "SLURM_ARRAY_TASK_COUNT is 1"},
		{"nor does an array of the first alone", slurm(0, 1, 0, 0, 1), "auto", "SLURM_ARRAY_TASK_COUNT is 1"},
		{"nor do some in the middle", slurm(3, 2, 3, 4, 1), "auto", "SLURM_ARRAY_TASK_MIN is 3"},
		{"nor some of a stepped one", slurm(5, 2, 5, 9, 4), "auto", "SLURM_ARRAY_TASK_MIN is 5"},
		{"one task again, by the number", slurm(5, 1, 5, 5, 1), "auto/8", "6/8"},
		{"one task again, by the ids", slurm(5, 1, 5, 5, 1), "auto/0-7", "6/8"},
		{"one task again, by ids from 1", slurm(5, 1, 5, 5, 1), "auto/1-8", "5/8"},
		{"some tasks again", slurm(4, 2, 3, 4, 1), "auto/0-7", "5/8"},
		{"some tasks again, with gaps", slurm(6, 3, 0, 6, 1), "auto/8", "7/8"},
		{"some tasks again, of a stepped one", slurm(9, 1, 9, 9, 1), "auto/1-13:4", "3/4"},
		{"ids from 1 are not those of auto/8", slurm(3, 8, 1, 8, 1), "auto/8",
			"SLURM_ARRAY_TASK_MAX is 8, which is none of 0-7"},
		{"a larger array than said", slurm(3, 10, 0, 9, 1), "auto/8", "auto/8, and SLURM_ARRAY_TASK_COUNT is 10"},
		{"an id between the steps", slurm(2, 1, 2, 2, 1), "auto/1-13:4",
			"SLURM_ARRAY_TASK_MIN is 2, which is none of 1-13:4"},
		{"srun", "SLURM_JOB_ID=9 SLURM_STEP_ID=0 SLURM_PROCID=2 SLURM_NTASKS=4", "auto", "3/4"},
		{"srun within an array is two", slurm(1, 4, 0, 3, 1) +
			" SLURM_JOB_ID=9 SLURM_STEP_ID=0 SLURM_PROCID=2 SLURM_NTASKS=4", "auto", "and SLURM_PROCID are set"},
		{"srun of one within an array", slurm(1, 4, 0, 3, 1) +
			" SLURM_JOB_ID=9 SLURM_STEP_ID=0 SLURM_PROCID=0 SLURM_NTASKS=1", "auto", "2/4"},
		{"the script of a job of several tasks is none of them",
			"SLURM_JOB_ID=9 SLURM_PROCID=0 SLURM_NTASKS=4", "auto", "no engine numbers this job"},
		{"srun with another number", "SLURM_JOB_ID=9 SLURM_STEP_ID=0 SLURM_PROCID=2 SLURM_NTASKS=4", "auto/8",
			"auto/8, and SLURM_NTASKS is 4"},
		{"AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX=9 AWS_BATCH_JOB_ARRAY_SIZE=10", "auto", "10/10"},
		{"AWS Batch without a size", "AWS_BATCH_JOB_ARRAY_INDEX=9", "auto/10", "10/10"},
		{"AWS Batch, without any count", "AWS_BATCH_JOB_ARRAY_INDEX=9", "auto", "without AWS_BATCH_JOB_ARRAY_SIZE"},
		{"AWS Batch of another size", "AWS_BATCH_JOB_ARRAY_INDEX=1 AWS_BATCH_JOB_ARRAY_SIZE=2", "auto/8",
			"auto/8, and AWS_BATCH_JOB_ARRAY_SIZE is 2"},
		{"Grid Engine", gridEngine(3, 1, 4, 1), "auto", "3/4"},
		{"Grid Engine in steps", gridEngine(7, 1, 9, 3), "auto", "3/3"},
		{"Grid Engine off its steps", gridEngine(3, 1, 9, 3), "auto", "SGE_TASK_ID is 3, beyond the 3 shards"},
		{"Grid Engine in steps of nothing", gridEngine(3, 1, 9, 0), "auto", "are not all from 0 or 1 on"},
		{"Grid Engine, one again", gridEngine(3, 3, 3, 1), "auto", "SGE_TASK_FIRST and SGE_TASK_LAST are both 3: one job"},
		{"Grid Engine, one again of as many as said", gridEngine(3, 3, 3, 1), "auto/4", "3/4"},
		{"Grid Engine, some again", gridEngine(4, 3, 4, 1), "auto", "SGE_TASK_FIRST is 3 and SGE_TASK_LAST 4, are not all"},
		{"Grid Engine, some again of those named", gridEngine(4, 3, 4, 1), "auto/1-8", "4/8"},
		{"Grid Engine, more than said", gridEngine(3, 1, 9, 1), "auto/8", "auto/8, and the number of jobs started is 9"},
		{"Grid Engine, backwards", gridEngine(3, 9, 1, 1), "auto", "which are not 1 to"},
		{"Grid Engine, no array",
			"SGE_TASK_ID=undefined SGE_TASK_FIRST=undefined SGE_TASK_LAST=undefined SGE_TASK_STEPSIZE=undefined",
			"auto", "no engine numbers this job"},
		{"AWS Batch of none", "AWS_BATCH_JOB_ARRAY_INDEX=0 AWS_BATCH_JOB_ARRAY_SIZE=0",
			"auto", "AWS_BATCH_JOB_ARRAY_SIZE is 0"},
		{"GNU parallel counts from 1", "PARALLEL_SEQ=1 PARALLEL_JOBSLOT=2", "auto/3", "1/3"},
		{"GNU parallel, the last", "PARALLEL_SEQ=3 PARALLEL_JOBSLOT=2", "auto/3", "3/3"},
		{"GNU parallel, none before the first", "PARALLEL_SEQ=0", "auto/3", "PARALLEL_SEQ is 0, beyond"},
		{"GNU parallel sets no count", "PARALLEL_SEQ=1", "auto", "PARALLEL_SEQ, from GNU parallel"},
		{"a job slot is no job",
			"PARALLEL_JOBSLOT=2",
			"auto/3", "by one of: JOB_COMPLETION_INDEX (Kubernetes), SLURM_ARRAY_TASK_ID (Slurm), " +
				"SLURM_PROCID (srun), SGE_TASK_ID (Grid Engine), AWS_BATCH_JOB_ARRAY_INDEX (AWS Batch), " +
				"PARALLEL_SEQ (GNU parallel)"},
		{"an empty one is not set", "JOB_COMPLETION_INDEX= PARALLEL_SEQ=2", "auto/3", "2/3"},
		{"two engines",
			"SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=2 PARALLEL_SEQ=2",
			"auto", "SLURM_ARRAY_TASK_ID and PARALLEL_SEQ are set"},
		{"no number", "JOB_COMPLETION_INDEX=one", "auto/8", `JOB_COMPLETION_INDEX is "one"`},
		{"a negative one", "JOB_COMPLETION_INDEX=-1", "auto/8", `JOB_COMPLETION_INDEX is "-1"`},
		{"a count that is none", "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=x", "auto", `SLURM_ARRAY_TASK_COUNT is "x"`},
		{"too large a number", "JOB_COMPLETION_INDEX=99999999999999999999", "auto/8", "not a whole number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := make(map[string]string)
			for each := range strings.FieldsSeq(tt.env) {
				name, value, _ := strings.Cut(each, "=")
				env[name] = value
			}
			c, err := parseShard(tt.flag)
			if err != nil {
				t.Fatal(err)
			}
			shard, err := c.detect(func(name string) string { return env[name] })
			got := fmt.Sprintf("%d/%d", shard.Number, shard.Of)
			if err != nil {
				got = err.Error()
			}
			if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// gridEngine returns the variables of a task of an array of Grid Engine, as 8.1.9 sets them.
func gridEngine(id, first, last, step int) string {
	return fmt.Sprintf("SGE_TASK_ID=%d SGE_TASK_FIRST=%d SGE_TASK_LAST=%d SGE_TASK_STEPSIZE=%d", id, first, last, step)
}

// slurm returns the variables of a task of a Slurm array of count tasks.
func slurm(id, count, first, last, step int) string {
	return fmt.Sprintf("SLURM_ARRAY_TASK_ID=%d SLURM_ARRAY_TASK_COUNT=%d SLURM_ARRAY_TASK_MIN=%d "+
		"SLURM_ARRAY_TASK_MAX=%d SLURM_ARRAY_TASK_STEP=%d", id, count, first, last, step)
}
